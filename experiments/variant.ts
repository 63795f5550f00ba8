import { z } from 'zod';
import { jsonObjectSchema } from './json-object.ts';
import { basisPointsSchema, keySchema } from './key.ts';
import { isRising, rangeFields, type SlotRange } from './slots.ts';

/**
 * One arm. `target` is what answers for it: the key of a target in the catalogue; without one, the endpoint's
 * default target does. `parameters` is what it hands to the caller: any JSON object.
 */
export const variantSchema = z.strictObject({
  key: keySchema,
  weight: basisPointsSchema,
  target: keySchema.optional(),
  parameters: jsonObjectSchema
    .optional()
    .meta({ description: 'JSON object that this variant gives to whoever asks' }),
  slots: z
    .array(z.strictObject(rangeFields).refine(...isRising))
    .max(2_000)
    .optional()
    .meta({ description: 'The slots of the draw that it owns; in order of the list by weight unless given' }),
});
export type Variant = z.infer<typeof variantSchema>;

/** What a variant owns: its slots as written, or what the weights before it leave. */
export function slotsOf(variants: readonly Variant[]): readonly (readonly SlotRange[])[] {
  let from = 0;
  return variants.map(({ weight, slots }) => {
    const to = from + weight;
    const range = { from, to };
    from = to;
    return slots ?? (weight === 0 ? [] : [range]);
  });
}

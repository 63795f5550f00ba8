import { z } from 'zod';

const nameSchema = z.string().min(1).max(200);
/** What a feature may be: a value, or the numbers of a vector. */
export const featureValueSchema = z.union([
  z.string().max(10_000),
  z.number(),
  z.boolean(),
  z.array(z.number()).max(4_096),
]);
export type FeatureValue = z.infer<typeof featureValueSchema>;

/** Kind of thing that features are of: `user`, `film`. */
export const entitySchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1–63 of a–z, 0–9, dash and underscore');

/**
 * Features that an endpoint looks up for each request and adds to its inputs. Their key is the id of a unit, another
 * attribute of the context, or, row by row, an input of the request.
 */
export const featureSetSchema = z.strictObject({
  entity: entitySchema,
  key: z.union([
    z.strictObject({ unit: nameSchema }),
    z.strictObject({ context: nameSchema }),
    z.strictObject({ input: nameSchema }),
  ]),
  shared: z
    .boolean()
    .default(false)
    .meta({ description: 'The same for all tenants; else each tenant has its own' }),
  columns: z
    .array(
      z.strictObject({
        column: nameSchema,
        input: nameSchema
          .optional()
          .meta({ description: "The model's input; named as the column unless given" }),
        default: featureValueSchema.meta({ description: 'Stands in for what is missing or too old' }),
      }),
    )
    .min(1)
    .max(100),
  maxAgeSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .meta({ description: 'Older values count as missing' }),
  cacheSeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(5)
    .meta({ description: 'How long a value is used without looking again' }),
  timeoutMs: z
    .int()
    .min(1)
    .max(10_000)
    .default(50)
    .meta({ description: 'Longest that the database is waited for, ms' }),
});
export type FeatureSet = z.infer<typeof featureSetSchema>;

/** Units that features are keyed by, which a request may name by the shorthand for its unit. */
export function featureUnits(sets: readonly FeatureSet[] = []): string[] {
  return sets.flatMap(({ key }) => ('unit' in key ? [key.unit] : []));
}

import { z } from 'zod';
import { drawSlot, LAYER_SALT } from './bucketing.ts';
import { hashScheme } from './hashes/hash-scheme.ts';
import { keySchema } from './key.ts';

/**
 * Mutual exclusion: each unit falls into one of 10,000 slots of a layer; experiments own disjoint ranges.
 * A layer's draw takes the layer's key where an experiment's takes its purpose, so a key that ends in one
 * could repeat the draws of an experiment named `layer…`.
 */
export const layerSchema = z.strictObject({
  key: keySchema.regex(
    /^(?!(.*\.)?(allocation|variant)$)/,
    'must not be or end in ".allocation" or ".variant": those name the draws of experiments',
  ),
  name: z.string().max(200).optional(),
  hash: z.enum(['sha256', 'growthbook-v2']).optional().meta({
    description: 'sha256 unless given; growthbook-v2 keeps the slots of a namespace taken over from there',
  }),
  salt: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Seed under growthbook-v2; the key unless given' }),
});
export type Layer = z.infer<typeof layerSchema>;

/** The slot of a layer that a unit falls into, 0–9,999. */
export function layerSlot({ key, hash = 'sha256', salt }: Layer, unitId: string): number {
  return hash === 'sha256'
    ? drawSlot(LAYER_SALT, key, unitId)
    : hashScheme(hash).variantSlot(salt ?? key, unitId);
}

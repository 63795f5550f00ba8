import { z } from 'zod';
import { drawSlot, LAYER_SALT } from './bucketing.ts';
import { fnv32a } from './hashes/fnv32a.ts';
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
  hash: z.enum(['sha256', 'growthbook-v2', 'growthbook-v1']).optional().meta({
    description:
      'sha256 unless given; growthbook-v2 keeps the slots of a filter taken over from there, and growthbook-v1 those of a namespace, in steps of 10',
  }),
  salt: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Seed under the hashes of GrowthBook; the key unless given' }),
});
export type Layer = z.infer<typeof layerSchema>;

/** The slot of a layer that a unit falls into, 0–9,999. */
export function layerSlot({ key, hash = 'sha256', salt }: Layer, unitId: string): number {
  switch (hash) {
    case 'sha256':
      return drawSlot(LAYER_SALT, key, unitId);
    // docs.growthbook.io/lib/build-your-own#hashing, version 1: experiments are not offered it, whose draws it correlates.
    case 'growthbook-v1':
      return (fnv32a(unitId + (salt ?? key)) % 1_000) * 10;
    case 'growthbook-v2':
      return hashScheme(hash).variantSlot(salt ?? key, unitId);
  }
}

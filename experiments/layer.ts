import { z } from 'zod';
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
});

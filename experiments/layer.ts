import { z } from 'zod';
import { keySchema } from './key.ts';

/** Mutual exclusion: each unit falls into one of 10,000 slots of a layer; experiments own disjoint ranges. */
export const layerSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
});
export type Layer = z.infer<typeof layerSchema>;

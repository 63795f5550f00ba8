import { z } from 'zod';
import { basisPointsSchema, FULL_SHARE_BP, keySchema } from '../../experiments/key.ts';

/** A target that gets copies of requests, only to compare its answers with the clients'. */
export const shadowSchema = z.strictObject({
  target: keySchema,
  experiment: keySchema
    .optional()
    .meta({ description: 'Only requests of units enrolled in it; every request unless given' }),
  sampleBp: basisPointsSchema
    .default(FULL_SHARE_BP)
    .meta({ description: 'Share of the requests that are copied, basis points' }),
  tolerance: z
    .number()
    .min(0)
    .max(1)
    .default(1e-6)
    .meta({ description: 'Relative difference up to which two numbers count as equal' }),
});
export type Shadow = z.infer<typeof shadowSchema>;

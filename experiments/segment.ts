import { z } from 'zod';
import { keySchema } from './key.ts';

/** A saved list of values, for `$inGroup` and `$notInGroup` in audiences. */
export const segmentSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  values: z
    .array(z.union([z.string().max(256), z.number()]))
    .max(10_000, 'a segment holds at most 10000 values'),
});
export type Segment = z.infer<typeof segmentSchema>;

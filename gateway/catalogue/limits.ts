import { z } from 'zod';

/** How much may be asked; no limit where none is given. */
export const limitsSchema = z.strictObject({
  requestsPerSecond: z.int().min(1).max(1_000_000).optional(),
  concurrency: z.int().min(1).max(100_000).optional().meta({ description: 'Requests under way at a time' }),
  maxBodyBytes: z.int().min(0).max(1_073_741_824).optional(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** A tenant's, over all endpoints. */
export const tenantLimitsSchema = limitsSchema.extend({
  requestsPerMonth: z
    .int()
    .min(0)
    .max(1_000_000_000_000)
    .optional()
    .meta({ description: 'In a calendar month of UTC' }),
});

import { z } from 'zod';
import { keySchema } from './key.ts';

export const DECISIONS = ['ship', 'roll-back', 'inconclusive'] as const;

/** How an experiment ends: the variant that everyone gets from now on, or that nobody does. */
export const decisionSchema = z
  .strictObject({
    decision: z.enum(DECISIONS),
    variant: keySchema.optional().meta({ description: 'The one to ship' }),
    reason: z.string().max(2_000).optional(),
  })
  .refine(({ decision, variant }) => (decision === 'ship') === (variant !== undefined), {
    path: ['variant'],
    message: 'must be given to ship, and only then',
  });
export type Decision = z.infer<typeof decisionSchema>;

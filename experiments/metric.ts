import { z } from 'zod';
import { keySchema } from './key.ts';

/**
 * What is measured per unit. `proportion`: the share of units with at least one outcome of that event (and,
 * when `threshold` is given, a value of at least it). `mean`: the unit's mean outcome value; units without an
 * outcome count as zero when `missing` is `zero` and are left out when it is `exclude`.
 */
export const metricSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  event: keySchema.meta({ description: 'The outcome event that feeds the metric' }),
  kind: z.enum(['proportion', 'mean']),
  threshold: z.number().optional(),
  missing: z.enum(['zero', 'exclude']).default('exclude'),
  direction: z
    .enum(['increase', 'decrease'])
    .default('increase')
    .meta({ description: 'Which way is better' }),
});
export type Metric = z.infer<typeof metricSchema>;

/** Guardrails every experiment has without defining them: they come from the gateway's own exposures. */
export const BUILT_IN_METRICS = ['error-rate', 'latency'] as const;

import { z } from 'zod';
import { basisPointsSchema, keySchema } from './key.ts';

const minutes = z.number().min(0).max(129_600);
const instant = z.iso.datetime({ offset: true });

/** Allocation in steps: each is held for its dwell time, and left only while no guardrail is breached. */
export const rampSchema = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        allocation: basisPointsSchema,
        dwellMinutes: minutes.meta({ description: 'Least time at this allocation before the next step' }),
      }),
    )
    .min(1)
    .max(20)
    .refine(
      (steps) => steps.every(({ allocation }, index) => allocation > (steps[index - 1]?.allocation ?? -1)),
      'allocations must rise from step to step',
    ),
});

/** When to begin and to end by itself. */
export const scheduleSchema = z
  .strictObject({ startAt: instant.optional(), stopAt: instant.optional() })
  .refine(({ startAt, stopAt }) => !startAt || !stopAt || Date.parse(startAt) < Date.parse(stopAt), {
    path: ['stopAt'],
    message: 'must be after startAt',
  });

/** Weights that follow what the variants achieve, by Thompson sampling. */
export const banditSchema = z.strictObject({
  metric: keySchema.meta({ description: 'What is to be gained' }),
  floor: basisPointsSchema
    .max(5_000)
    .default(500)
    .meta({ description: 'Least weight of every variant, basis points: what keeps all of them measurable' }),
  cadenceMinutes: minutes.min(5).default(60).meta({ description: 'Time between two changes of weights' }),
});

import { z } from 'zod';
import { EXPERIMENT_STATES, experimentSchema } from './experiment.ts';
import { experimentStatusSchema, type KeptExperiment } from './experiment-status.ts';

/** An experiment as it is stored: the fields that were written, with `state` and `status` beside them. */
export const keptExperimentSchema: z.ZodType<KeptExperiment> = z
  .looseObject({
    state: z.enum(EXPERIMENT_STATES),
    status: experimentStatusSchema.default(experimentStatusSchema.parse({})),
  })
  .transform(({ state, status, ...written }, context) => {
    const result = experimentSchema.safeParse(written);
    if (result.success) return { experiment: result.data, state, status };
    for (const { path, message } of result.error.issues) {
      context.addIssue({ code: 'custom', path: [...path], message, input: written });
    }
    return z.NEVER;
  });

/** What the store keeps of it. */
export function storedExperiment({ experiment, state, status }: KeptExperiment): Record<string, unknown> {
  return { ...experiment, state, status };
}

import { z } from 'zod';
import type { Acted, Deed } from './act.ts';
import { acted } from './act.ts';
import { DECISIONS, type KeptExperiment } from './experiment-status.ts';
import { keySchema } from './key.ts';

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
export type DecisionRequest = z.infer<typeof decisionSchema>;

/** Ends an experiment with a decision; a stopped one may be decided afterwards, once. */
export function decided(kept: KeptExperiment, request: DecisionRequest, deed: Deed): Acted {
  const refused = (code: string, message: string, path = ''): Acted => ({
    ok: false,
    issue: { path, code, message },
  });
  const { experiment, state, status } = kept;
  if (status.decision !== undefined) {
    return refused('decided-already', `"${status.decision.kind}" was decided on ${status.decision.at}`);
  }
  const { decision: kind, variant, reason } = request;
  if (variant !== undefined && !experiment.variants.some(({ key }) => key === variant)) {
    const known = experiment.variants.map(({ key }) => key).join(', ');
    return refused('unknown-variant', `there is no variant "${variant}": ship one of ${known}`, '/variant');
  }
  const stopped: Acted = state === 'stopped' ? { ok: true, kept } : acted(kept, 'stop', deed);
  if (!stopped.ok) return stopped;
  const decision = {
    kind,
    ...(variant === undefined ? {} : { variant }),
    ...(reason === undefined ? {} : { reason }),
    by: deed.by,
    at: deed.at,
  };
  return { ok: true, kept: { ...stopped.kept, status: { ...stopped.kept.status, decision } } };
}

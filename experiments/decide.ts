import { type Acted, acted, type DecidingDeed, type Deed } from './act.ts';
import type { Decision } from './decision.ts';
import { NO_REVIEW } from './environment.ts';
import type { KeptExperiment } from './experiment-status.ts';
import { missingApprovals } from './review.ts';

/**
 * Ends an experiment with a decision at once. To ship changes what everyone gets, so where any environment asks for
 * approvals it takes a planned change that others approve.
 */
export function decided(kept: KeptExperiment, decision: Decision, deed: DecidingDeed): Acted {
  const missing = decision.decision === 'ship' ? missingApprovals({ approvals: [] }, deed.everywhere) : null;
  if (missing === null) return concluded(kept, decision, deed);
  const message = `to ship takes ${deed.everywhere.approvals} approvals: plan the decision at …/changes and have it approved`;
  return { ok: false, issue: { ...missing, message } };
}

/** An experiment after a decision that may be made; a stopped one may be decided afterwards, once. */
export function concluded(kept: KeptExperiment, request: Decision, deed: Omit<Deed, 'policy'>): Acted {
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
  const stopped: Acted =
    state === 'stopped' ? { ok: true, kept } : acted(kept, 'stop', { ...deed, policy: NO_REVIEW });
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

import type { EnvironmentPolicy } from './environment.ts';
import type { Experiment } from './experiment.ts';
import type { ExperimentStatus, KeptExperiment } from './experiment-status.ts';
import type { Issue } from './issue.ts';
import { type LifecycleAction, transition } from './lifecycle.ts';
import { approvalIssue, missingApprovals } from './review.ts';

/** Who acts, when (ISO 8601), and what the environment asks for. */
export interface Deed {
  readonly by: string;
  readonly at: string;
  readonly policy: EnvironmentPolicy;
}

/** A deed that may reach beyond the experiment's environment, as shipping does: everyone gets the endpoint's default. */
export interface DecidingDeed extends Deed {
  /** What the strictest of all environments asks for. */
  readonly everywhere: EnvironmentPolicy;
}

export type Acted =
  | { readonly ok: true; readonly kept: KeptExperiment }
  | { readonly ok: false; readonly issue: Issue };

/** An experiment after an action of its lifecycle, or why that cannot be taken. */
export function acted(kept: KeptExperiment, action: LifecycleAction, deed: Deed): Acted {
  const next = transition(kept.state, action);
  if (!next.ok) return next;
  const missing = action === 'start' ? missingApprovals(kept.status, deed.policy) : null;
  if (missing !== null) return { ok: false, issue: missing };
  return { ok: true, kept: { ...kept, ...consequences(kept, action, deed), state: next.state } };
}

/** One more approval of an experiment in review. */
export function approved(kept: KeptExperiment, { by, at, policy }: Deed): Acted {
  const { state, status } = kept;
  if (state !== 'in-review') {
    const message = `cannot approve an experiment that is ${state}: submit it first`;
    return { ok: false, issue: { path: '', code: 'invalid-transition', message } };
  }
  const issue = approvalIssue({ author: status.author, approvals: status.approvals }, policy, by);
  if (issue !== null) return { ok: false, issue };
  return {
    ok: true,
    kept: { ...kept, status: { ...status, approvals: [...status.approvals, { by, at }] } },
  };
}

/** What an action does beside changing the state. */
function consequences(
  { experiment, status }: KeptExperiment,
  action: LifecycleAction,
  { at }: Deed,
): Partial<KeptExperiment> {
  switch (action) {
    case 'start':
      return begun(experiment, status, at);
    case 'resume':
      // A pause proves nothing: the step's time begins again.
      return {
        status: { ...status, ...(status.rampStep && { rampStep: { ...status.rampStep, since: at } }) },
      };
    case 'stop':
      return { status: { ...status, stoppedAt: at } };
    case 'withdraw':
      return { status: { ...status, approvals: [] } };
    default:
      return {};
  }
}

function begun(experiment: Experiment, status: ExperimentStatus, at: string): Partial<KeptExperiment> {
  const [first] = experiment.ramp?.steps ?? [];
  const allocation = first?.allocation ?? experiment.allocation;
  return {
    experiment: { ...experiment, allocation },
    status: {
      ...status,
      startedAt: at,
      peakAllocation: allocation,
      ...(first === undefined ? {} : { rampStep: { index: 0, since: at } }),
    },
  };
}

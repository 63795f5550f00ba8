import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Acted, acted, type Deed } from '../../experiments/act.ts';
import { edited } from '../../experiments/edit.ts';
import type { EnvironmentPolicy } from '../../experiments/environment.ts';
import {
  EXPERIMENT_STATES,
  type Experiment,
  type ExperimentState,
  experimentSchema,
} from '../../experiments/experiment.ts';
import {
  experimentStatusSchema,
  type KeptExperiment,
  newStatus,
} from '../../experiments/experiment-status.ts';
import { keptExperimentSchema, storedExperiment } from '../../experiments/kept-experiment.ts';
import { deletable, editIssues, LIFECYCLE_ACTIONS, transition } from '../../experiments/lifecycle.ts';
import { Problem } from '../problems.ts';
import type { ResourceRules } from './resource-routes.ts';

type Value = Record<string, unknown>;

/** What a file may say of the fields that the gateway keeps. */
const managedSchema = z.object({
  state: z.enum(EXPERIMENT_STATES).optional(),
  status: experimentStatusSchema.optional(),
});

/** An experiment begins as a draft, and what may change depends on its state and its environment. */
export function experimentRules(policyOf: (environment: string) => EnvironmentPolicy): ResourceRules {
  return {
    onCreate: (body, { name: by }) =>
      storedExperiment({
        experiment: experimentSchema.parse(body),
        state: 'draft',
        status: newStatus(by),
      }),
    onReplace: (current, body, { name: by }) => {
      const kept = keptExperimentSchema.parse(current);
      const policy = policyOf(kept.experiment.environment);
      return storedExperiment(afterEdit(kept, body, { by, policy }));
    },
    onApply: (current, body, { managed, actor: { name: by } }) => {
      const experiment = experimentSchema.parse(body);
      const policy = policyOf(experiment.environment);
      const said = managedSchema.parse(managed);
      if (current === null) return storedExperiment(brought(experiment, said, { by, policy }));
      const { state } = said;
      const before = keptExperimentSchema.parse(current);
      const changed = !isDeepStrictEqual(before.experiment, experiment);
      const kept = changed ? afterEdit(before, body, { by, policy }) : before;
      return storedExperiment(
        state === undefined || state === kept.state ? kept : inState(kept, state, { by, policy }),
      );
    },
    onDelete: (current) => {
      const { state } = keptExperimentSchema.parse(current);
      if (deletable(state)) return;
      throw new Problem('wrong-state', `it is ${state}: stop it before you delete it`);
    },
  };
}

/**
 * An experiment that a file brings along, in the state that it had elsewhere. Where others must agree, what a file says
 * of approvals is worth nothing, and it can be brought to life only here.
 */
function brought(
  experiment: Experiment,
  { state = 'draft', status }: z.infer<typeof managedSchema>,
  { by, policy }: Omit<Deed, 'at'>,
): KeptExperiment {
  if (policy.approvals === 0) return { experiment, state, status: status ?? newStatus(by) };
  if (state === 'running' || state === 'paused') {
    const detail = `it would be ${state} in an environment that asks for ${policy.approvals} approvals: bring it as a draft, submit it and have it approved`;
    throw new Problem('wrong-state', detail);
  }
  return {
    experiment,
    state,
    status: { ...(status ?? newStatus(by)), author: by, approvals: [], plannedChanges: [] },
  };
}

/** The experiment with other fields written; throws `wrong-state` where its state or its reviewers do not allow that. */
export function afterEdit(
  kept: KeptExperiment,
  body: Value,
  { by, policy }: Omit<Deed, 'at'>,
): KeptExperiment {
  refuseUnreviewed(kept, policy);
  const written = experimentSchema.parse(body);
  const issues = editIssues(kept.state, kept.experiment, written);
  if (issues.length === 0) return edited(kept, written, by);
  const detail = `${issues.length} of the changes cannot be made while it is ${kept.state}`;
  throw new Problem('wrong-state', detail, { issues });
}

/** The experiment in another state, where one action leads there. */
function inState(kept: KeptExperiment, wanted: ExperimentState, deed: Omit<Deed, 'at'>): KeptExperiment {
  const action = LIFECYCLE_ACTIONS.find((candidate) => {
    const result = transition(kept.state, candidate);
    return result.ok && result.state === wanted;
  });
  if (action === undefined) {
    throw new Problem('wrong-state', `it is ${kept.state}, and no single action makes it ${wanted}`);
  }
  const result = acted(kept, action, { ...deed, at: new Date().toISOString() });
  if (result.ok) return result.kept;
  throw new Problem('wrong-state', result.issue.message, { issues: [result.issue] });
}

/** The stored value after an action, or the reason why it cannot be taken as `wrong-state`. */
export function storedOrRefused(result: Acted): Value {
  if (result.ok) return storedExperiment(result.kept);
  throw new Problem('wrong-state', result.issue.message, { issues: [result.issue] });
}

/** What is live in an environment with reviewers changes only by a plan that others approve. */
function refuseUnreviewed({ state }: KeptExperiment, { approvals }: EnvironmentPolicy): void {
  if (approvals === 0 || (state !== 'running' && state !== 'paused')) return;
  const detail = `it is ${state} in an environment that asks for ${approvals} approvals: plan the change at …/changes and have it approved`;
  throw new Problem('wrong-state', detail);
}

import { EXPERIMENT_STATES, type ExperimentState, experimentSchema } from '../../experiments/experiment.ts';
import { deletable, editIssues, type LifecycleAction, transition } from '../../experiments/lifecycle.ts';
import { Problem } from '../problems.ts';
import type { ResourceRules } from './resource-routes.ts';

type Value = Record<string, unknown>;

/** The state that the store keeps beside what the product team wrote. */
function stateOf(value: Value): ExperimentState {
  const state = EXPERIMENT_STATES.find((candidate) => candidate === value['state']);
  if (state === undefined)
    throw new Error(`an experiment is stored with the unknown state ${String(value['state'])}`);
  return state;
}

/** An experiment begins as a draft, and what may change depends on its state. */
export const experimentRules: ResourceRules = {
  onCreate: (body) => ({ ...body, state: 'draft' }),
  onReplace: (current, body) => {
    const { state: _state, ...written } = current;
    const state = stateOf(current);
    const issues = editIssues(state, experimentSchema.parse(written), experimentSchema.parse(body));
    if (issues.length > 0) {
      throw new Problem(
        'wrong-state',
        `${issues.length} of the changes cannot be made while it is ${state}`,
        { issues },
      );
    }
    return { ...body, state };
  },
  onDelete: (current) => {
    const state = stateOf(current);
    if (deletable(state)) return;
    throw new Problem('wrong-state', `it is ${state}: stop it before you delete it`);
  },
};

/** The stored value after an action; throws `wrong-state` where the lifecycle does not allow it. */
export function afterAction(value: Value, action: LifecycleAction): Value {
  const result = transition(stateOf(value), action);
  if (!result.ok) throw new Problem('wrong-state', result.issue.message, { issues: [result.issue] });
  return { ...value, state: result.state };
}

import { EXPERIMENT_STATES, type ExperimentState, experimentSchema } from '../../experiments/experiment.ts';
import {
  deletable,
  editIssues,
  LIFECYCLE_ACTIONS,
  type LifecycleAction,
  transition,
} from '../../experiments/lifecycle.ts';
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
  onApply: (current, body, managed) => {
    const wanted = EXPERIMENT_STATES.find((state) => state === managed['state']);
    if (managed['state'] !== undefined && wanted === undefined) {
      throw new Problem('invalid-configuration', `the state must be one of ${EXPERIMENT_STATES.join(', ')}`);
    }
    if (current === null) return { ...body, state: wanted ?? 'draft' };
    const edited = replaced(current, body);
    return wanted === undefined || wanted === stateOf(current) ? edited : inState(edited, wanted);
  },
  onReplace: replaced,
  onDelete: (current) => {
    const state = stateOf(current);
    if (deletable(state)) return;
    throw new Problem('wrong-state', `it is ${state}: stop it before you delete it`);
  },
};

/** The stored value after an edit, of what the state allows to be edited. */
function replaced(current: Value, body: Value): Value {
  const { state: _state, ...written } = current;
  const state = stateOf(current);
  const issues = editIssues(state, experimentSchema.parse(written), experimentSchema.parse(body));
  if (issues.length > 0) {
    throw new Problem('wrong-state', `${issues.length} of the changes cannot be made while it is ${state}`, {
      issues,
    });
  }
  return { ...body, state };
}

/** The stored value in another state, where one action leads there. */
function inState(value: Value, wanted: ExperimentState): Value {
  const state = stateOf(value);
  const leads = LIFECYCLE_ACTIONS.some((action) => {
    const result = transition(state, action);
    return result.ok && result.state === wanted;
  });
  if (leads) return { ...value, state: wanted };
  throw new Problem('wrong-state', `it is ${state}, and no single action makes it ${wanted}`);
}

/** The stored value after an action; throws `wrong-state` where the lifecycle does not allow it. */
export function afterAction(value: Value, action: LifecycleAction): Value {
  const result = transition(stateOf(value), action);
  if (!result.ok) throw new Problem('wrong-state', result.issue.message, { issues: [result.issue] });
  return { ...value, state: result.state };
}

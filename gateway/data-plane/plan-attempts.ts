import type { Assignment } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { CompiledEndpoint, TargetWithTwins } from '../snapshot/snapshot.ts';

/** One thing to try. */
export interface Step {
  readonly target: Target;
  /** A second try on the same target: taken only when the first one sent nothing or was told to come back. */
  readonly retry: boolean;
  /** Why it is there, as the decisions of a request name it; null for the assigned target itself. */
  readonly role: 'retry' | 'twin' | 'default-target' | null;
}

export interface AttemptPlan {
  /** The target that the assignment names, or the endpoint's default. */
  readonly assigned: Target;
  /** In order; the first that answers ends it. */
  readonly steps: readonly Step[];
}

const withTwins = ({ target, twins }: TargetWithTwins): Step[] => [
  { target, retry: false, role: null },
  { target, retry: true, role: 'retry' },
  ...twins.map((twin): Step => ({ target: twin, retry: false, role: 'twin' })),
];

/**
 * What to try for an assignment: the variant's target, once more, its twins, and, only where the endpoint says
 * so, the default target. Another variant's model never stands in silently. Pure.
 */
export function planAttempts(assignment: Assignment, endpoint: CompiledEndpoint): AttemptPlan {
  if (assignment.kind !== 'enrolled' || assignment.variant.target === undefined) {
    return { assigned: endpoint.defaultTarget.target, steps: withTwins(endpoint.defaultTarget) };
  }
  const assigned = endpoint.targets.get(assignment.variant.target);
  if (assigned === undefined) {
    throw new Error(
      `variant "${assignment.variant.key}" names the unknown target "${assignment.variant.target}"`,
    );
  }
  const steps = withTwins(assigned);
  if (endpoint.endpoint.onFailure === 'default-target') {
    const tried = new Set(steps.map(({ target }) => target.key));
    steps.push(
      ...withTwins(endpoint.defaultTarget)
        .filter(({ target, retry }) => !retry && !tried.has(target.key))
        .map((step): Step => ({ ...step, role: 'default-target' })),
    );
  }
  return { assigned: assigned.target, steps };
}

import { assignEach, type Enrolled, type EvaluationContext } from '../../experiments/assignment.ts';
import type { Knowledge } from '../../experiments/check.ts';
import type { HoldoutMembership } from '../../experiments/holdout.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';

/**
 * What a request takes part in beside the experiment that chose its target: the holdouts that cover it, held out or
 * not, and every experiment that only carries parameters. Each is exposed for itself.
 */
export function sideAssignments(
  { holdouts, parameterExperiments }: CompiledEndpoint,
  attributes: EvaluationContext,
  knowledge: Knowledge,
): readonly Enrolled[] {
  if (holdouts.length === 0 && parameterExperiments.length === 0) return [];
  return [
    ...holdoutAssignments({ holdouts }, attributes),
    ...assignEach(parameterExperiments, attributes, knowledge),
  ];
}

/** Where a context is in the holdouts of an endpoint: only in those whose unit it names. */
export function holdoutAssignments(
  { holdouts }: Pick<CompiledEndpoint, 'holdouts'>,
  attributes: EvaluationContext,
): readonly Enrolled[] {
  return holdouts.flatMap(({ membershipOf }) => {
    const membership = membershipOf(attributes);
    return membership === undefined ? [] : [asEnrolled(membership)];
  });
}

function asEnrolled({ holdout, variant, ...membership }: HoldoutMembership): Enrolled {
  return {
    kind: 'enrolled',
    reason: 'enrolled',
    experiment: holdout,
    ...membership,
    variant: { key: variant, weight: membership.propensityBp },
    keep: null,
  };
}

/** The endpoint's parameters with those of the variants laid over them, or null where there are none. */
export function parametersOf(
  { endpoint }: CompiledEndpoint,
  assignments: readonly Enrolled[],
): Readonly<Record<string, unknown>> | null {
  const given = [endpoint.parameters, ...assignments.map(({ variant }) => variant.parameters)];
  return given.every((parameters) => parameters === undefined) ? null : Object.assign({}, ...given);
}

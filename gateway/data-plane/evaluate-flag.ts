import {
  type Assignment,
  assign,
  type Enrolled,
  type EvaluationContext,
} from '../../experiments/assignment.ts';
import type { Knowledge } from '../../experiments/check.ts';
import { FULL_SHARE_BP } from '../../experiments/key.ts';
import type { CompiledEndpoint, Flag } from '../snapshot/snapshot.ts';
import { holdoutAssignments } from './side-assignments.ts';

/** A flag for one context, in the words of the OpenFeature Remote Evaluation Protocol. */
type FlagEvaluation =
  | {
      readonly key: string;
      readonly reason: 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'DISABLED';
      /** Not given where the client's own default is meant. */
      readonly value?: unknown;
      readonly variant?: string;
      readonly metadata: Readonly<Record<string, string | number | boolean>>;
    }
  | { readonly key: string; readonly errorCode: 'TARGETING_KEY_MISSING'; readonly errorDetails: string };

interface EvaluatedFlag {
  readonly evaluation: FlagEvaluation;
  /** What the evaluation comes from. */
  readonly assignment: Assignment;
}

/** Pure and total: any context gets an answer, and the same context the same one. */
export function evaluateFlag(
  { key, compiled, endpoint, values, outside }: Flag,
  context: EvaluationContext,
  knowledge: Knowledge,
): EvaluatedFlag {
  const assignment = assign([compiled], context, knowledge);
  const { revision, experiment } = compiled;
  const holdouts = compiled.state === 'running' ? holdoutMetadata(endpoint, context) : {};
  if (assignment.kind === 'enrolled') {
    const { variant, reason } = assignment;
    return {
      assignment,
      evaluation: {
        key,
        reason: isCertain(assignment) ? 'TARGETING_MATCH' : 'SPLIT',
        value: values.get(variant.key),
        variant: variant.key,
        metadata: { experiment: key, revision, unit: experiment.unit, assignment: reason, ...holdouts },
      },
    };
  }
  if (assignment.reason === 'no-unit') {
    const errorDetails = `"${key}" needs a targetingKey, or "${experiment.unit}" in the context`;
    return { assignment, evaluation: { key, errorCode: 'TARGETING_KEY_MISSING', errorDetails } };
  }
  return {
    assignment,
    evaluation: {
      key,
      reason: assignment.reason === 'not-running' ? 'DISABLED' : 'DEFAULT',
      ...(outside === undefined ? {} : { value: outside }),
      metadata: { experiment: key, revision, assignment: assignment.reason, ...holdouts },
    },
  };
}

/** Whether every unit like this one gets the same, rather than by chance. */
export function isCertain({ reason, variant }: Enrolled): boolean {
  return reason === 'override' || variant.weight === FULL_SHARE_BP;
}

/** For clients who report exposures themselves: where the unit is in the holdouts, as `holdout.<key>`. */
function holdoutMetadata(endpoint: CompiledEndpoint, context: EvaluationContext): Record<string, string> {
  const memberships = holdoutAssignments(endpoint, context);
  return Object.fromEntries(
    memberships.map(({ experiment, variant }) => [`holdout.${experiment}`, variant.key]),
  );
}

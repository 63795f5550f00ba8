import type { Assignment } from '../../experiments/assignment.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import { isCertain } from '../data-plane/evaluate-flag.ts';

const PROVIDER = 'switchyard';

/** What an experiment or a flag came to for one request. */
interface Evaluation {
  readonly key: string;
  /** `split`, `targeting_match`, `default`, `disabled` or `error`. */
  readonly reason: string;
  readonly variant?: string;
  readonly revision?: number;
  readonly errorType?: string;
}

/**
 * An evaluation as an event of the request's span, in the words of the semantic conventions for feature flags
 * (https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/). The unit's id,
 * `feature_flag.context.id`, is left out: traces go to others.
 */
export function recordEvaluation(span: TracedSpan | null, evaluation: Evaluation | null): void {
  if (span === null || evaluation === null) return;
  const { key, reason, variant, revision, errorType } = evaluation;
  span.event('feature_flag.evaluation', {
    'feature_flag.key': key,
    'feature_flag.provider.name': PROVIDER,
    'feature_flag.result.reason': reason,
    ...(variant === undefined ? {} : { 'feature_flag.result.variant': variant }),
    ...(revision === undefined ? {} : { 'feature_flag.version': String(revision) }),
    ...(errorType === undefined ? {} : { 'error.type': errorType }),
  });
}

/** An assignment as the evaluation of a flag; null where there was no experiment to evaluate. */
export function evaluationOf(assignment: Assignment): Evaluation | null {
  if (assignment.kind === 'enrolled') {
    const { experiment: key, variant, revision } = assignment;
    const reason = isCertain(assignment) ? 'targeting_match' : 'split';
    return { key, variant: variant.key, revision, reason };
  }
  const { experiment: key, reason } = assignment;
  if (key === undefined) return null;
  if (reason === 'no-unit') return { key, reason: 'error', errorType: 'targeting_key_missing' };
  return { key, reason: reason === 'not-running' ? 'disabled' : 'default' };
}

import type { Target } from '../../models/catalogue/target.ts';
import type { AttemptOutcome } from '../targets/attempt-outcome.ts';
import type { InferenceCall, Targets } from '../targets/targets.ts';
import type { AttemptPlan, Step } from './plan-attempts.ts';

/** How a plan ended. `last` is the outcome that ended it. */
export interface PlanResult {
  /** The target that answered or rejected; null when none did. */
  readonly served: Target | null;
  readonly last: AttemptOutcome;
  readonly attempts: number;
  readonly outOfTime: boolean;
}

export interface Deadline {
  /** `performance.now()` at which the client is answered at the latest. */
  readonly atMs: number;
}

/** A fraction of a millisecond is no time to ask anybody anything. */
const MIN_ATTEMPT_MS = 1;

/**
 * Tries the steps in order within the deadline. Each attempt gets an equal share of the time that is left, so
 * that a target which hangs leaves its twins enough. When every breaker is open the first target is asked all
 * the same: the last one is never ejected.
 */
export async function runPlan(
  targets: Targets,
  {
    plan,
    call,
    deadline,
  }: { readonly plan: AttemptPlan; readonly call: InferenceCall; readonly deadline: Deadline },
): Promise<PlanResult> {
  const force = plan.steps.every(({ target }) => targets.breakers.isOpen(target.key));
  let attempts = 0;
  let last: AttemptOutcome | null = null;
  for (const [index, step] of plan.steps.entries()) {
    if (step.retry && !worthRepeating(last)) continue;
    const timeoutMs = shareOf(deadline, plan.steps.slice(index), step);
    if (timeoutMs < MIN_ATTEMPT_MS) return { served: null, last: last ?? NO_TIME, attempts, outOfTime: true };
    last = await targets.attempt(step.target, call, { timeoutMs, force });
    if (last.kind !== 'failed' || last.failure !== 'circuit-open') attempts++;
    if (last.kind === 'answered' || last.kind === 'rejected')
      return { served: step.target, last, attempts, outOfTime: false };
    if (last.kind === 'abandoned') break;
  }
  const outOfTime = last?.kind === 'failed' && last.failure === 'timeout';
  return { served: null, last: last ?? NO_TIME, attempts, outOfTime };
}

const NO_TIME: AttemptOutcome = {
  kind: 'failed',
  failure: 'timeout',
  safeToRepeat: false,
  message: 'no time was left to ask',
};

function worthRepeating(last: AttemptOutcome | null): boolean {
  return last?.kind === 'failed' && last.safeToRepeat;
}

/** The time left, shared equally by the targets still to be asked, and no more than the target allows. */
function shareOf(deadline: Deadline, ahead: readonly Step[], { target }: Step): number {
  const leftMs = deadline.atMs - performance.now();
  const asked = new Set(ahead.map((step) => step.target.key)).size;
  return Math.min(leftMs / asked, target.timeoutMs ?? Number.POSITIVE_INFINITY);
}

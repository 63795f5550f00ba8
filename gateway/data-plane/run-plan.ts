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

/** Hears of every attempt that was made, as it ends. */
export type AttemptListener = (step: Step, outcome: AttemptOutcome, latencyMs: number) => void;

export interface Deadline {
  /** `performance.now()` at which the client is answered at the latest. */
  readonly atMs: number;
}

/** A fraction of a millisecond is no time to ask anybody anything. */
const MIN_ATTEMPT_MS = 1;

/**
 * Tries the steps in order within the deadline. Each attempt gets an equal share of the time that is left, so
 * that a target which hangs leaves its twins enough. Targets whose breakers are open are passed over, and asked
 * all the same when nobody else has answered: the last one is never ejected.
 */
export async function runPlan(
  targets: Targets,
  {
    plan,
    call,
    deadline,
    onAttempt,
  }: {
    readonly plan: AttemptPlan;
    readonly call: InferenceCall;
    readonly deadline: Deadline;
    readonly onAttempt: AttemptListener;
  },
): Promise<PlanResult> {
  const passedOver: Step[] = [];
  const steps = plan.steps.map((step) => ({ ...step, force: false }));
  let attempts = 0;
  let last: AttemptOutcome = NO_TIME;
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    const { target, retry, force } = step;
    if (!retry || worthRepeating(last)) {
      const timeoutMs = shareOf(deadline, [step, ...steps, ...passedOver]);
      if (timeoutMs < MIN_ATTEMPT_MS) return { served: null, last, attempts, outOfTime: true };
      const startedMs = performance.now();
      const outcome = await targets.attempt(target, call, { timeoutMs, force });
      if (isPassedOver(outcome)) passedOver.push(step);
      else {
        attempts++;
        onAttempt(step, outcome, performance.now() - startedMs);
      }
      if (outcome.kind === 'answered' || outcome.kind === 'rejected') {
        return { served: target, last: outcome, attempts, outOfTime: false };
      }
      if (outcome.kind === 'abandoned') return { served: null, last: outcome, attempts, outOfTime: false };
      last = outcome;
    }
    if (steps.length === 0) steps.push(...passedOver.splice(0).map((rested) => ({ ...rested, force: true })));
  }
  return { served: null, last, attempts, outOfTime: isTimeout(last) };
}

const isPassedOver = (outcome: AttemptOutcome) =>
  outcome.kind === 'failed' && outcome.failure === 'circuit-open';
const isTimeout = (outcome: AttemptOutcome) => outcome.kind === 'failed' && outcome.failure === 'timeout';

const NO_TIME: AttemptOutcome = {
  kind: 'failed',
  failure: 'timeout',
  safeToRepeat: false,
  message: 'no time was left to ask',
};

function worthRepeating(last: AttemptOutcome): boolean {
  return last.kind === 'failed' && last.safeToRepeat;
}

/** The time left, shared equally by the targets still to be asked, and no more than the next one allows. */
function shareOf(deadline: Deadline, ahead: readonly [Step, ...Step[]]): number {
  const leftMs = deadline.atMs - performance.now();
  const asked = new Set(ahead.map(({ target }) => target.key)).size;
  return Math.min(leftMs / asked, ahead[0].target.timeoutMs ?? Number.POSITIVE_INFINITY);
}

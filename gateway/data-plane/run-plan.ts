import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../../models/catalogue/target.ts';
import type { InvocationCall } from '../pipeline/invocation.ts';
import { type AttemptFailed, type AttemptOutcome, attemptFailed } from '../targets/attempt-outcome.ts';
import { tracedCall } from '../targets/attempt-span.ts';
import type { InferenceCall } from '../targets/inference-call.ts';
import type { Targets } from '../targets/targets.ts';
import { Bill } from './bill.ts';
import type { Decisions } from './decisions.ts';
import type { HedgeBudget } from './hedge-budget.ts';
import { type AskTarget, type Hedge, hedgedAttempt } from './hedged-attempt.ts';
import type { AttemptPlan, Step } from './plan-attempts.ts';

/** How a plan ended. `last` is the outcome that ended it. */
export interface PlanResult {
  /** The target that answered or rejected; null when none did. */
  readonly served: Target | null;
  readonly last: AttemptOutcome;
  readonly attempts: number;
  /** Of every attempt, by the price that its target declares; null where none declares one. */
  readonly cost: number | null;
  readonly outOfTime: boolean;
}

/** Hears of every attempt that was made, as it ends. */
export type AttemptListener = (
  made: { readonly target: Target; readonly call: InvocationCall },
  outcome: AttemptOutcome,
  latencyMs: number,
) => void;

export interface Deadline {
  /** `performance.now()` at which the client is answered at the latest. */
  readonly atMs: number;
}

export interface PlanOptions {
  readonly plan: AttemptPlan;
  readonly call: InferenceCall;
  readonly deadline: Deadline;
  readonly decisions: Decisions;
  /** Null where the endpoint does not ask for hedging. */
  readonly hedges: HedgeBudget | null;
  readonly onAttempt: AttemptListener;
}

/** A fraction of a millisecond is no time to ask anybody anything. */
const MIN_ATTEMPT_MS = 1;

/** A repeat waits for a random part of this: clients that failed together must not come back together. */
const MAX_BACKOFF_MS = 50;

const NO_TIME = attemptFailed('timeout', 'no time was left to ask');

/**
 * Tries the steps in order within the deadline. Each attempt gets an equal share of the time that is left, so
 * that a target which hangs leaves its twins enough. Targets whose breakers are open are passed over, and asked
 * all the same when nobody else has answered: the last one is never ejected.
 */
export async function runPlan(targets: Targets, options: PlanOptions): Promise<PlanResult> {
  const { plan, deadline, decisions } = options;
  const passedOver: Step[] = [];
  const steps = plan.steps.map((step) => ({ ...step, force: false }));
  const bill = new Bill();
  let attempts = 0;
  let last: AttemptOutcome = NO_TIME;
  const sums = () => ({ attempts, cost: bill.total });
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (step.retry ? await worthRepeating(targets, step, { last, decisions }) : firstTry(targets, step)) {
      const timeoutMs = shareOf(deadline, [step, ...steps, ...passedOver]);
      if (timeoutMs < MIN_ATTEMPT_MS) return { served: null, last, ...sums(), outOfTime: true };
      if (step.role !== null) decisions.add(step.force ? 'last-resort' : step.role, step.target.key);
      const { target, outcome, hedged } = await tryStep(targets, step, {
        ...options,
        timeoutMs,
        steps,
        bill,
      });
      attempts += Number(!isPassedOver(outcome)) + Number(hedged);
      if (outcome.kind !== 'failed') return { ...ended(target, outcome), ...sums(), outOfTime: false };
      decisions.add(decisionOf(outcome), target.key, outcome.failure);
      // Nobody was asked: what the client is told is what came of those who were.
      if (isPassedOver(outcome)) passedOver.push(step);
      else last = outcome;
    }
    if (steps.length === 0) steps.push(...passedOver.splice(0).map((rested) => ({ ...rested, force: true })));
  }
  return { served: null, last, ...sums(), outOfTime: isTimeout(last) };
}

const ended = (target: Target, last: AttemptOutcome) => ({
  served: last.kind === 'abandoned' ? null : target,
  last,
});

const isPassedOver = (outcome: AttemptOutcome) =>
  outcome.kind === 'failed' && outcome.failure === 'circuit-open';
const isTimeout = (outcome: AttemptOutcome) => outcome.kind === 'failed' && outcome.failure === 'timeout';

const decisionOf = ({ failure }: AttemptFailed) =>
  failure === 'circuit-open' || failure === 'shed' ? failure : 'failed';

/** A first try is always worth it, and pays for a part of a repeat. */
function firstTry(targets: Targets, { target }: Step): true {
  targets.load.of(target.key).retries.deposit();
  return true;
}

/** A repeat is only if the first try did no work, the budget allows it, and after a pause. */
async function worthRepeating(
  targets: Targets,
  { target }: Step,
  { last, decisions }: { readonly last: AttemptOutcome; readonly decisions: Decisions },
): Promise<boolean> {
  const { retries } = targets.load.of(target.key);
  if (last.kind !== 'failed' || !last.safeToRepeat) return false;
  if (!retries.withdraw()) {
    decisions.add('retry-budget-spent', target.key);
    return false;
  }
  await sleep(Math.random() * MAX_BACKOFF_MS);
  return true;
}

interface TryOptions extends PlanOptions {
  readonly timeoutMs: number;
  readonly bill: Bill;
  /** Still to come. */
  readonly steps: readonly Step[];
}

async function tryStep(
  targets: Targets,
  step: Step & { readonly force: boolean },
  { call, timeoutMs, steps, hedges, decisions, bill, onAttempt }: TryOptions,
) {
  const { target, force } = step;
  const ask: AskTarget = async (asked, { as, ...options }) => {
    const startedMs = performance.now();
    const settle = bill.charge(asked);
    const outcome = await tracedCall(call, asked, {
      as,
      ask: (own) => targets.attempt(asked, own, options),
    });
    settle(outcome.kind === 'failed' ? outcome.failure : null);
    if (!isPassedOver(outcome))
      onAttempt({ target: asked, call: as }, outcome, performance.now() - startedMs);
    return outcome;
  };
  const as = CALLS[step.role ?? 'assigned'];
  const hedge = hedges === null || step.retry ? null : hedgeOf(targets, target, { steps, hedges, decisions });
  if (hedge === null || hedge.afterMs >= timeoutMs) {
    return { target, outcome: await ask(target, { as, timeoutMs, force }), hedged: false };
  }
  const result = await hedgedAttempt(ask, target, { as, parent: call.cancellation, timeoutMs, force, hedge });
  if (result.target !== target && result.outcome.kind === 'answered') {
    decisions.add('hedge-answered', result.target.key);
  }
  return result;
}

/** What a call is to the lake, by the step's role in the plan. */
const CALLS = {
  assigned: 'primary',
  retry: 'retry',
  twin: 'fallback',
  'default-target': 'fallback',
} as const satisfies Record<string, InvocationCall>;

/** The twin to ask beside a target that is slow; null where there is none, or nothing is known of slow yet. */
function hedgeOf(
  targets: Targets,
  target: Target,
  { steps, hedges, decisions }: Pick<TryOptions, 'steps' | 'decisions'> & { readonly hedges: HedgeBudget },
): Hedge | null {
  hedges.deposit();
  const twin = steps.find(({ role }) => role === 'twin')?.target;
  const afterMs = targets.load.of(target.key).latencies.p95Ms;
  if (twin === undefined || afterMs === null) return null;
  const allowed = () => {
    if (targets.breakers.isOpen(twin.key) || !hedges.withdraw()) return false;
    decisions.add('hedge', twin.key);
    return true;
  };
  return { twin, afterMs, allowed };
}

/** The time left, shared equally by the targets still to be asked, and no more than the next one allows. */
function shareOf(deadline: Deadline, ahead: readonly [Step, ...Step[]]): number {
  const leftMs = deadline.atMs - performance.now();
  const asked = new Set(ahead.map(({ target }) => target.key)).size;
  return Math.min(leftMs / asked, ahead[0].target.timeoutMs ?? Number.POSITIVE_INFINITY);
}

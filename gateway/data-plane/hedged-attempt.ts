import type { Target } from '../../models/catalogue/target.ts';
import type { InvocationCall } from '../pipeline/invocation.ts';
import type { AttemptOutcome } from '../targets/attempt-outcome.ts';
import { Cancellation } from '../targets/cancellation.ts';

export interface Hedge {
  readonly twin: Target;
  /** When the twin is asked too, ms after the target. */
  readonly afterMs: number;
  /** Takes leave to ask twice, at that moment. */
  readonly allowed: () => boolean;
}

interface AskOptions {
  /** What the attempt is for. */
  readonly as: InvocationCall;
  readonly timeoutMs: number;
  readonly force: boolean;
  readonly cancellation?: Cancellation;
}

/** One attempt on a target. */
export type AskTarget = (target: Target, options: AskOptions) => Promise<AttemptOutcome>;

interface HedgedOutcome {
  readonly target: Target;
  readonly outcome: AttemptOutcome;
  /** Whether the twin was asked at all. */
  readonly hedged: boolean;
}

const isFinal = ({ kind }: AttemptOutcome) => kind !== 'failed';

/**
 * Asks a target, and its twin as well when the target is slower than usual; the first that answers counts and the
 * other is cancelled. A target that fails before its twin was asked has failed, as without a hedge; afterwards the
 * other may still answer. (Dean and Barroso, "The Tail at Scale", 2013: hedged requests.)
 */
export function hedgedAttempt(
  ask: AskTarget,
  target: Target,
  { as, parent, timeoutMs, force, hedge }: HedgedOptions,
): Promise<HedgedOutcome> {
  return new Promise((resolve, reject) => {
    const racing = new Map<Target, Cancellation>();
    let hedged = false;
    const finish = (winner: Target, outcome: AttemptOutcome) => {
      clearTimeout(timer);
      for (const [other, cancellation] of racing) if (other !== winner) cancellation.cancel('superseded');
      racing.clear();
      resolve({ target: winner, outcome, hedged });
    };
    const race = (asked: Target, options: Omit<AskOptions, 'cancellation'>) => {
      const cancellation = new Cancellation();
      racing.set(asked, cancellation);
      const stopListening = parent.onCancel((reason) => cancellation.cancel(reason));
      ask(asked, { ...options, cancellation }).then((outcome) => {
        stopListening();
        if (!racing.has(asked)) return;
        racing.delete(asked);
        if (isFinal(outcome) || racing.size === 0) finish(asked, outcome);
      }, reject);
    };
    const timer = setTimeout(() => {
      if (!hedge.allowed()) return;
      hedged = true;
      race(hedge.twin, { as: 'hedge', timeoutMs: timeoutMs - hedge.afterMs, force: false });
    }, hedge.afterMs);
    race(target, { as, timeoutMs, force });
  });
}

interface HedgedOptions extends AskOptions {
  /** Cancels both. */
  readonly parent: Cancellation;
  readonly hedge: Hedge;
}

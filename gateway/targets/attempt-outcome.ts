import type { InferBody } from '../../models/codecs/infer-body.ts';
import type { CancelReason } from './cancellation.ts';

/** Why an attempt on a target came to nothing. */
export type AttemptFailure =
  /** Nothing was sent: refused, not found, no route, no trust. */
  | 'unreachable'
  /** The connection broke before the answer was complete. */
  | 'reset'
  | 'timeout'
  | 'overloaded'
  | 'refused-us'
  /** Our own: the cloud gave us nothing to show. */
  | 'no-credentials'
  | 'failed'
  | 'bad-answer'
  | 'circuit-open'
  /** Our own: as much is under way there as it can do. */
  | 'shed';

/** What came of one attempt. Expected in every form, so it is a value and not an exception. */
export type AttemptOutcome =
  | { readonly kind: 'answered'; readonly body: InferBody }
  | AttemptRejected
  | AttemptFailed
  /** The client went away: nobody's fault. */
  | { readonly kind: 'abandoned' };

/** The request itself is at fault: another target would say the same. */
export interface AttemptRejected {
  readonly kind: 'rejected';
  readonly message: string;
  /** HTTP status that the target gave, where it gave one. */
  readonly status?: number;
}

/** The target is at fault. */
export interface AttemptFailed {
  readonly kind: 'failed';
  readonly failure: AttemptFailure;
  /** It did no work, so asking it again costs nothing twice. */
  readonly safeToRepeat: boolean;
  readonly message: string;
  /** HTTP status that the target gave, where it gave one. */
  readonly status?: number;
}

/** How an attempt ended, without what came of it. */
export type AttemptEnd =
  | { readonly kind: Exclude<AttemptOutcome['kind'], 'failed'> }
  | Pick<AttemptFailed, 'kind' | 'failure'>;

export function attemptFailed(failure: AttemptFailure, message: string, safeToRepeat = false): AttemptFailed {
  return { kind: 'failed', failure, safeToRepeat, message };
}

/** What a cancelled attempt came to: its time was up, or nobody waits for it any more. */
export function endedBy({ reason }: { readonly reason: unknown }): AttemptOutcome {
  return reason === ('out-of-time' satisfies CancelReason)
    ? attemptFailed('timeout', 'no answer in time')
    : { kind: 'abandoned' };
}

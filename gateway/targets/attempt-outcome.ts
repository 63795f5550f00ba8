import type { InferBody } from '../../models/codecs/infer-body.ts';

/** Why an attempt on a target came to nothing. */
export type AttemptFailure =
  | 'unreachable'
  | 'timeout'
  | 'overloaded'
  | 'refused-us'
  | 'failed'
  | 'bad-answer'
  | 'circuit-open';

/** What came of one attempt. Expected in every form, so it is a value and not an exception. */
export type AttemptOutcome =
  | { readonly kind: 'answered'; readonly body: InferBody }
  /** The request itself is at fault: another target would say the same. */
  | { readonly kind: 'rejected'; readonly message: string }
  /** The target is at fault. `safeToRepeat`: it did no work, so asking it again costs nothing twice. */
  | {
      readonly kind: 'failed';
      readonly failure: AttemptFailure;
      readonly safeToRepeat: boolean;
      readonly message: string;
    }
  /** The client went away: nobody's fault. */
  | { readonly kind: 'abandoned' };

export function attemptFailed(
  failure: AttemptFailure,
  message: string,
  safeToRepeat = false,
): AttemptOutcome {
  return { kind: 'failed', failure, safeToRepeat, message };
}

/** Reason of an attempt's signal when its own time is up; any other reason is a client that went away. */
export function timeIsUp(): DOMException {
  return new DOMException('no answer in time', 'TimeoutError');
}

/** What an aborted attempt came to. */
export function endedBy(signal: AbortSignal): AttemptOutcome {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  return timedOut ? attemptFailed('timeout', 'no answer in time') : { kind: 'abandoned' };
}

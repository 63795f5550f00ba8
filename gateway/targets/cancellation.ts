/** Why work is given up before it is done. `superseded`: another attempt has answered first. */
export type CancelReason = 'client-left' | 'out-of-time' | 'superseded';

/**
 * What an AbortSignal is, for the path of every request: a list of callbacks and no events, at a tenth of the
 * cost. `signal` makes a real one for whoever needs it.
 */
export class Cancellation {
  #reason: CancelReason | null = null;
  #signal: AbortSignal | null = null;
  /** Made for the first listener: most cancellations are never asked for one. */
  #listeners: Set<(reason: CancelReason) => void> | null = null;

  /** Null until it is cancelled; the first reason stays. */
  get reason(): CancelReason | null {
    return this.#reason;
  }

  cancel(reason: CancelReason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    for (const listener of this.#listeners ?? []) listener(reason);
    this.#listeners = null;
  }

  /** Calls back once, at once if it has happened already. Answers how to stop listening. */
  onCancel(listener: (reason: CancelReason) => void): () => void {
    if (this.#reason !== null) {
      listener(this.#reason);
      return () => undefined;
    }
    this.#listeners ??= new Set();
    const listeners = this.#listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Cancelled with a signal of the platform. */
  static from(signal: AbortSignal): Cancellation {
    const cancellation = new Cancellation();
    if (signal.aborted) cancellation.cancel('client-left');
    else signal.addEventListener('abort', () => cancellation.cancel('client-left'), { once: true });
    return cancellation;
  }

  /** The same as a signal of the platform, made for the first who asks. */
  signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal;
    const controller = new AbortController();
    this.onCancel((reason) => controller.abort(reason));
    this.#signal = controller.signal;
    return controller.signal;
  }
}

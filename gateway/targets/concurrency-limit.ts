const MIN_LIMIT = 8;
const MAX_LIMIT = 1_024;
const FIRST_LIMIT = 64;
/** A target may be this much slower than it usually is before it gets less to do. */
const TOLERANCE = 1.5;
/** Weight of one more latency in the usual one: some hundred requests to get used to a change. */
const USUAL_WEIGHT = 0.01;
/** How far one latency moves the limit. */
const SMOOTHING = 0.2;
const AFTER_FAILURE = 0.9;

/**
 * How much one target may be asked at the same time, found out from its latencies: while they stay near the
 * usual one the limit grows by its square root, and in proportion as they rise it shrinks. The gradient
 * algorithm of Netflix's concurrency-limits, with a bound on both sides.
 */
export class ConcurrencyLimit {
  #limit = FIRST_LIMIT;
  #inFlight = 0;
  #usualMs = 0;

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes a place; false when all are taken. Whoever got one gives it back through `release`. */
  take(): boolean {
    if (this.#inFlight >= this.limit) return false;
    this.#inFlight += 1;
    return true;
  }

  /** Gives a place back. `latencyMs` of an answer; null where the time says nothing (a client that left). */
  release(result: { readonly latencyMs: number } | 'overloaded' | null): void {
    // A limit that is not used is not tested: nothing can be learned of it.
    const tested = this.#inFlight * 2 >= this.limit;
    this.#inFlight -= 1;
    if (result === null) return;
    if (result === 'overloaded') this.#set(this.#limit * AFTER_FAILURE);
    else this.#learn(result.latencyMs, tested);
  }

  #learn(latencyMs: number, tested: boolean): void {
    this.#usualMs =
      this.#usualMs === 0 ? latencyMs : this.#usualMs + (latencyMs - this.#usualMs) * USUAL_WEIGHT;
    if (!tested) return;
    const gradient = Math.min(1, Math.max(0.5, (TOLERANCE * this.#usualMs) / latencyMs));
    const wanted = this.#limit * gradient + Math.sqrt(this.#limit);
    this.#set(this.#limit * (1 - SMOOTHING) + wanted * SMOOTHING);
  }

  #set(limit: number): void {
    this.#limit = Math.min(MAX_LIMIT, Math.max(MIN_LIMIT, limit));
  }
}

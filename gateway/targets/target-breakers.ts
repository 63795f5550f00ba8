/** With two or three targets a share of failures means little: five in a row mean that the target is gone. */
const FAILURES_TO_OPEN = 5;
/** How long a target that failed is left alone before one request may try it. */
const REST_MS = 1_000;
/** A target that returns gets a tenth of its requests (in thousandths) at first, and all of them after this long. */
const SLOW_START_MS = 10_000;
const FIRST_SHARE = 100;
const FULL_SHARE = 1_000;
/** A probe that never reports (its client left) must not keep the target shut for good. */
const PROBE_EXPIRES_MS = 10_000;

type Circuit =
  | { readonly state: 'closed'; readonly failuresInARow: number }
  /** Nobody asks before `untilMs`; then one request does. */
  | { readonly state: 'open'; readonly untilMs: number }
  /** It has answered again. `credit` counts up to the next request that it gets. */
  | { readonly state: 'returning'; readonly sinceMs: number; credit: number };

/**
 * One circuit breaker per target: a target that keeps failing is skipped, and probed by one request a second. One
 * that answers again starts slowly: its caches are cold, and what failed it may do so again.
 * Time is in ms of a monotonic clock given by the caller.
 */
export class TargetBreakers {
  readonly #nowMs: () => number;
  readonly #circuits = new Map<string, Circuit>();

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Whether the target may be asked now, without asking it. */
  isOpen(target: string): boolean {
    const circuit = this.#circuits.get(target);
    return circuit?.state === 'open' && this.#nowMs() < circuit.untilMs;
  }

  /** Takes leave to ask the target. While it rests there is none; then one caller gets it as a probe. */
  admit(target: string): boolean {
    const circuit = this.#circuits.get(target);
    if (circuit === undefined || circuit.state === 'closed') return true;
    if (circuit.state === 'returning') return this.#mayReturn(target, circuit);
    if (this.#nowMs() < circuit.untilMs) return false;
    this.#circuits.set(target, { state: 'open', untilMs: this.#nowMs() + PROBE_EXPIRES_MS });
    return true;
  }

  /** Gives back leave that came to nothing, with nobody asked: whoever comes next has it. */
  giveBack(target: string): void {
    const circuit = this.#circuits.get(target);
    if (circuit?.state === 'open') this.#circuits.set(target, { state: 'open', untilMs: this.#nowMs() });
    else if (circuit?.state === 'returning') circuit.credit += FULL_SHARE;
  }

  /** Says how it went. A request at fault or a client that left says nothing of the target: do not report it. */
  report(target: string, answered: boolean): void {
    const circuit = this.#circuits.get(target) ?? { state: 'closed', failuresInARow: 0 };
    if (answered) {
      if (circuit.state === 'open') {
        this.#circuits.set(target, { state: 'returning', sinceMs: this.#nowMs(), credit: 0 });
      } else if (circuit.state === 'closed' && circuit.failuresInARow > 0) this.#circuits.delete(target);
      return;
    }
    const failuresInARow = circuit.state === 'closed' ? circuit.failuresInARow + 1 : FAILURES_TO_OPEN;
    this.#circuits.set(
      target,
      failuresInARow < FAILURES_TO_OPEN
        ? { state: 'closed', failuresInARow }
        : { state: 'open', untilMs: this.#nowMs() + REST_MS },
    );
  }

  /** Spreads the share that a returning target gets evenly over the requests. */
  #mayReturn(target: string, circuit: Circuit & { readonly state: 'returning' }): boolean {
    const returned = (this.#nowMs() - circuit.sinceMs) / SLOW_START_MS;
    if (returned >= 1) {
      this.#circuits.delete(target);
      return true;
    }
    circuit.credit += Math.round(FIRST_SHARE + (FULL_SHARE - FIRST_SHARE) * returned);
    if (circuit.credit < FULL_SHARE) return false;
    circuit.credit -= FULL_SHARE;
    return true;
  }

  /** Forgets targets that are no longer configured. */
  keepOnly(targets: ReadonlyMap<string, unknown>): void {
    for (const key of this.#circuits.keys()) {
      if (!targets.has(key)) this.#circuits.delete(key);
    }
  }
}

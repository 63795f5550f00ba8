/** Each first attempt pays for a fifth of an extra one. */
const SHARE = 0.2;
/** What a quiet target may spend, and the most that is ever saved. */
const FIRST_TOKENS = 10;
const MAX_TOKENS = 100;

/**
 * Extra attempts (a repeat, a hedge) come from a budget, so that a target in trouble gets at most a fifth more
 * load than its clients make: the retry budget of Finagle.
 */
export class RetryBudget {
  #tokens = FIRST_TOKENS;

  /** A first attempt was made. */
  deposit(): void {
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + SHARE);
  }

  /** Takes leave for one extra attempt; false when the budget is spent. */
  withdraw(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

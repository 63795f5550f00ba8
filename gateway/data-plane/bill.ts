import type { Target } from '../../models/catalogue/target.ts';
import type { AttemptFailure } from '../targets/attempt-outcome.ts';
import { costOf } from '../targets/cost-of.ts';

/** What the attempts for one request cost so far; one that is under way counts, whoever has answered meanwhile. */
export class Bill {
  #total: number | null = null;

  /** Null while no target that was asked declares a price. */
  get total(): number | null {
    return this.#total;
  }

  /** An attempt begins; the answer is to be called with what came of it. */
  charge(target: Target): (failure: AttemptFailure | null) => void {
    const expected = costOf(target, null);
    if (expected === null) return () => undefined;
    this.#total = (this.#total ?? 0) + expected;
    return (failure) => {
      this.#total = (this.#total ?? 0) + (costOf(target, failure) ?? 0) - expected;
    };
  }
}

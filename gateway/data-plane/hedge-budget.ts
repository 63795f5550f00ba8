import type { Endpoint } from '../catalogue/endpoint.ts';

const FULL_SHARE_BP = 10_000;
const MAX_SAVED = 20;

/** Keeps an endpoint's hedges below their share of its requests, save for a few at once. */
export class HedgeBudget {
  readonly #share: number;
  #saved = 1;

  constructor(maxShareBp: number) {
    this.#share = maxShareBp / FULL_SHARE_BP;
  }

  /** A request came. */
  deposit(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + this.#share);
  }

  /** Takes leave for one hedge. */
  withdraw(): boolean {
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}

/** One budget for each endpoint object; a new configuration begins anew. */
const budgets = new WeakMap<Endpoint, HedgeBudget>();

/** Null where the endpoint does not ask for hedging. */
export function hedgeBudgetOf(endpoint: Endpoint): HedgeBudget | null {
  if (endpoint.hedge === undefined) return null;
  const known = budgets.get(endpoint) ?? new HedgeBudget(endpoint.hedge.maxShareBp);
  budgets.set(endpoint, known);
  return known;
}

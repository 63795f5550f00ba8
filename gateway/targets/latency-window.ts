const WINDOW = 200;
/** Below this a percentile says nothing. */
const ENOUGH = 20;
const RECOMPUTE_EVERY = 20;

/** The 95th percentile of a target's latest latencies, ms; null until there are enough of them. */
export class LatencyWindow {
  readonly #latencies: number[] = [];
  #added = 0;
  /** How many had been added when the percentile was computed. */
  #computedAt = 0;
  #p95: number | null = null;

  /** Computed for whoever asks, which only hedging does. */
  get p95Ms(): number | null {
    if (this.#added >= ENOUGH && this.#added - this.#computedAt >= RECOMPUTE_EVERY) {
      const sorted = this.#latencies.toSorted((a, b) => a - b);
      this.#p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
      this.#computedAt = this.#added;
    }
    return this.#p95;
  }

  add(latencyMs: number): void {
    this.#latencies[this.#added % WINDOW] = latencyMs;
    this.#added += 1;
  }
}

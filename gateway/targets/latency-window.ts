const WINDOW = 200;
/** Below this a percentile says nothing. */
const ENOUGH = 20;
const RECOMPUTE_EVERY = 20;

/** The 95th percentile of a target's latest latencies, ms; null until there are enough of them. */
export class LatencyWindow {
  readonly #latencies: number[] = [];
  #next = 0;
  #p95: number | null = null;

  get p95Ms(): number | null {
    return this.#p95;
  }

  add(latencyMs: number): void {
    this.#latencies[this.#next % WINDOW] = latencyMs;
    this.#next += 1;
    if (this.#next < ENOUGH || this.#next % RECOMPUTE_EVERY !== 0) return;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    this.#p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
  }
}

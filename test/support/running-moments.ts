import type { Moments } from '../../experiments/analysis/moments.ts';

/** Running moments of one arm (Welford). */
export class RunningMoments {
  #n = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#n += 1;
    const before = value - this.#mean;
    this.#mean += before / this.#n;
    this.#squares += before * (value - this.#mean);
  }

  get moments(): Moments {
    return { n: this.#n, mean: this.#mean, variance: this.#n < 2 ? 0 : this.#squares / (this.#n - 1) };
  }
}

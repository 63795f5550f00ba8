import { seededRandom } from './seeded-random.ts';

/** Draws from distributions, the same in every run. */
export function samplers(seed: number) {
  const uniform = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    bernoulli: (p: number) => (uniform() < p ? 1 : 0),
    exponential: (mean: number) => -mean * Math.log(1 - uniform()),
    /** Of median 1; its mean is exp(sigma² / 2). */
    lognormal: (sigma: number) => Math.exp(sigma * normal()),
    /** From 1 upwards; its mean is shape / (shape − 1), its variance infinite for a shape up to 2. */
    pareto: (shape: number) => (1 - uniform()) ** (-1 / shape),
    /** By Knuth's products: for small means. */
    poisson: (mean: number) => {
      const floor = Math.exp(-mean);
      let [count, product] = [-1, 1];
      while (product > floor) [count, product] = [count + 1, product * uniform()];
      return Math.max(0, count);
    },
  };
}

export type Samplers = ReturnType<typeof samplers>;

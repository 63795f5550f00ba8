import { findRoot } from './find-root.ts';

/** What is believed of one number after the data: a continuous distribution. */
export interface Posterior {
  readonly mean: number;
  readonly standardDeviation: number;
  /** Where it may lie. */
  readonly support: readonly [number, number];
  readonly pdf: (x: number) => number;
  readonly cdf: (x: number) => number;
}

/** Equal-tailed credible interval: the number lies in it with probability 1 − alpha, given prior and data. */
export function credibleInterval(posterior: Posterior, alpha: number): [number, number] {
  return [quantileOf(posterior, alpha / 2), quantileOf(posterior, 1 - alpha / 2)];
}

function quantileOf({ mean, standardDeviation, support, cdf }: Posterior, level: number): number {
  // Chebyshev: beyond 1 / √level standard deviations there is less than that.
  const reach = standardDeviation / Math.sqrt(Math.min(level, 1 - level));
  const [low, high] = [Math.max(support[0], mean - 2 * reach), Math.min(support[1], mean + 2 * reach)];
  return findRoot((x) => cdf(x) - level, low, high);
}

/** In standard deviations, where a posterior bends: dense in the middle, out to where nothing is left. */
const BENDS = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 40];

/** Breaks between which all of the posteriors are smooth, from end to end of what any of them holds possible. */
export function breaksOf(posteriors: readonly Posterior[]): number[] {
  const breaks = posteriors.flatMap(({ mean, standardDeviation, support: [low, high] }) =>
    BENDS.flatMap((bend) => [mean - bend * standardDeviation, mean + bend * standardDeviation]).map((x) =>
      Math.min(high, Math.max(low, x)),
    ),
  );
  return [...new Set(breaks)].toSorted((left, right) => left - right);
}

/** The posterior of the number's negative: the least becomes the largest. */
export function mirrored({ mean, standardDeviation, support: [low, high], pdf, cdf }: Posterior): Posterior {
  return {
    mean: -mean,
    standardDeviation,
    support: [-high, -low],
    pdf: (x) => pdf(-x),
    cdf: (x) => 1 - cdf(-x),
  };
}

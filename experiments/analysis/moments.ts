/** What a sample of independent units says about one metric. */
export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Per unit; n − 1 in the denominator for a mean, p(1 − p) for a proportion. */
  readonly variance: number;
}

/** Moments of a share of units: variance p(1 − p). */
export function proportionMoments(successes: number, n: number): Moments {
  const mean = n === 0 ? 0 : successes / n;
  return { n, mean, variance: mean * (1 - mean) };
}

/**
 * The same moments, fit for inference on values that lie in [0, 1]. A sample that is all 0 or all 1 shows no
 * variance, which would make any difference certain; half a success and half a failure are added to its variance
 * (Krichevsky and Trofimov 1981), never to its mean. Moments that do vary come back as they are.
 */
export function withVarianceFloor(moments: Moments): Moments {
  const { n, mean, variance } = moments;
  if (variance > 0 || n === 0) return moments;
  const smoothed = (n * mean + 0.5) / (n + 1);
  return { n, mean, variance: smoothed * (1 - smoothed) };
}

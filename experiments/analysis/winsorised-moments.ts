import type { Moments } from './moments.ts';

/** A sample with every value beyond a cap counted, and the sums of the values between the caps. */
export interface CappedSums {
  readonly lower: number;
  readonly upper: number;
  /** Units whose value is below `lower`, and above `upper`. */
  readonly below: number;
  readonly above: number;
  /** Units between the caps, their sum and sum of squares. */
  readonly between: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}

/**
 * Moments of a winsorised sample: values beyond a cap count as the cap (Tukey 1962). What is estimated is the mean of
 * the capped values, so the caps must be the same for every arm, and set without looking at which arm a unit is in:
 * fixed, or a quantile of all arms together. An absent cap is infinite, with no unit beyond it.
 */
export function winsorisedMoments({ lower, upper, ...counts }: CappedSums): Moments {
  const n = counts.below + counts.between + counts.above;
  if (n === 0) return { n, mean: 0, variance: 0 };
  const capped = (count: number, cap: number, power: number) => (count === 0 ? 0 : count * cap ** power);
  const mean = (counts.sum + capped(counts.below, lower, 1) + capped(counts.above, upper, 1)) / n;
  const squares = counts.sumOfSquares + capped(counts.below, lower, 2) + capped(counts.above, upper, 2);
  return { n, mean, variance: n < 2 ? 0 : Math.max(0, (squares - n * mean ** 2) / (n - 1)) };
}

import type { Moments } from './moments.ts';

/** A sample from here on speaks for its own variance, also of heavy tails: by simulation (docs/statistics.md). */
const ENOUGH_UNITS = 1_000;
/** From here on the skew of one arm is not made up for by the other's. */
const UNEQUAL = 2;

/**
 * Two samples fit to be compared while one is small and the other is not: a first step of a ramp. A small sample of a
 * skewed metric that happens to lack its tail shows too low a mean and too low a variance at once, and would be certain
 * of the one by the other. Until it has 1,000 units, its variance is taken to be at least the larger sample's.
 */
export function steadied([control, variant]: readonly [Moments, Moments]): [Moments, Moments] {
  return [steadiedBy(control, variant), steadiedBy(variant, control)];
}

function steadiedBy(moments: Moments, other: Moments): Moments {
  const small = moments.n < ENOUGH_UNITS && other.n >= UNEQUAL * moments.n;
  return small ? { ...moments, variance: Math.max(moments.variance, other.variance) } : moments;
}

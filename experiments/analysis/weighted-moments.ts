import type { Moments } from './moments.ts';

/** Sums over an arm's units, each weighing 1 / the probability with which it got the arm. */
export interface WeightedSums {
  readonly n: number;
  /** Σ w, Σ w·y. */
  readonly weight: number;
  readonly weighted: number;
  /** Σ w², Σ w²·y, Σ w²·y². */
  readonly squaredWeight: number;
  readonly squaredWeighted: number;
  readonly squaredWeightedSquares: number;
}

export interface WeightedMoments extends Moments {
  /** Units of equal weight that would tell as much (Kish 1965). */
  readonly effectiveUnits: number;
}

/**
 * Hájek's inverse-propensity-weighted mean (1971) where each unit had a known probability of its own, of which no two
 * need be alike; linearised variance. Where probabilities are the same over whole periods, `stratifiedArms` is tighter.
 * For probabilities that were set before the outcomes they depend on; under a bandit take `adaptiveMoments`.
 */
export function weightedMoments(sums: WeightedSums): WeightedMoments {
  const { n, weight } = sums;
  if (n === 0 || weight === 0) return { n: 0, mean: 0, variance: 0, effectiveUnits: 0 };
  const mean = sums.weighted / weight;
  const squares =
    sums.squaredWeightedSquares - 2 * mean * sums.squaredWeighted + mean ** 2 * sums.squaredWeight;
  return {
    n,
    mean,
    variance: Math.max(0, (n * squares) / weight ** 2),
    effectiveUnits: weight ** 2 / sums.squaredWeight,
  };
}

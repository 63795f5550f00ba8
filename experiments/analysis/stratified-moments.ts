import { LEAST_UNITS } from './comparison.ts';
import type { Moments } from './moments.ts';

/** A part of the units within which every unit had the same chance of each variant: a period of constant weights. */
export interface Stratum {
  /** One for each variant, in the same order everywhere. */
  readonly arms: readonly Moments[];
}

export interface StratifiedArms {
  readonly arms: readonly Moments[];
  /** Variance of the level that all arms share, from how units fall to the strata; for `relativeLift`. */
  readonly sharedVariance: number;
  /** Units in strata where some arm has fewer than two: nothing there can be compared, and they are left out. */
  readonly excludedUnits: number;
}

/**
 * Means over all units as if every arm had been drawn alike in every stratum: each stratum's mean weighed by all of
 * its units (post-stratification; it is the inverse-propensity weighting of Hájek with the propensities as they came
 * out). Unbiased when the weights of the variants change over time and the metric does too, where pooling is not
 * (Simpson's paradox). Every arm must be able to get units in a stratum. In a stratum where an arm has fewer than
 * LEAST_UNITS, its variance is taken to be at least that within all strata.
 */
export function stratifiedArms(strata: readonly Stratum[]): StratifiedArms {
  const sizes = strata.map(({ arms }) => arms.reduce((sum, { n }) => sum + n, 0));
  const usable = strata.map(({ arms }) => arms.every(({ n }) => n >= 2));
  const units = sizes.reduce((sum, size, index) => sum + (usable[index] === true ? size : 0), 0);
  const parts = strata.flatMap((stratum, index) =>
    usable[index] === true ? [{ ...stratum, share: (sizes[index] ?? 0) / units }] : [],
  );
  const arms = (strata[0]?.arms ?? []).map((_, arm) =>
    weighed(parts.map(({ arms: moments, share }) => ({ moments: moments[arm], share }))),
  );
  return {
    arms,
    sharedVariance: units === 0 ? 0 : betweenStrata(parts) / units,
    excludedUnits: sizes.reduce((sum, size) => sum + size, 0) - units,
  };
}

function weighed(parts: readonly { moments: Moments | undefined; share: number }[]): Moments {
  const usual = withinVariance(parts.flatMap(({ moments }) => (moments === undefined ? [] : [moments])));
  let [n, mean, squaredError] = [0, 0, 0];
  for (const { moments, share } of parts) {
    if (moments === undefined) throw new RangeError('every stratum needs the same arms');
    n += moments.n;
    mean += share * moments.mean;
    // A handful of units may show no variance at all, and would pass for certain.
    const variance = moments.n < LEAST_UNITS ? Math.max(moments.variance, usual) : moments.variance;
    squaredError += (share ** 2 * variance) / moments.n;
  }
  return { n, mean, variance: n * squaredError };
}

/** The variance within strata, over all of them. */
function withinVariance(strata: readonly Moments[]): number {
  const degrees = strata.reduce((sum, { n }) => sum + n - 1, 0);
  return strata.reduce((sum, { n, variance }) => sum + (n - 1) * variance, 0) / degrees;
}

/** Variance of the strata's levels, each the mean over its arms. */
function betweenStrata(parts: readonly { arms: readonly Moments[]; share: number }[]): number {
  const levels = parts.map(({ arms, share }) => ({
    share,
    level: arms.reduce((sum, { mean }) => sum + mean, 0) / Math.max(1, arms.length),
  }));
  const mean = levels.reduce((sum, { share, level }) => sum + share * level, 0);
  return levels.reduce((sum, { share, level }) => sum + share * (level - mean) ** 2, 0);
}

import type { Moments } from './moments.ts';

/** A part of the units within which every unit had the same chance of each variant: a period of constant weights. */
export interface Stratum {
  /** One for each variant, in the same order everywhere. */
  readonly arms: readonly Moments[];
  /** Of a level that all arms of the stratum have in common (AdjustedArms); 0 unless given. */
  readonly sharedVariance?: number;
}

export interface StratifiedArms {
  readonly arms: readonly Moments[];
  /** Variance of the level that all arms share: from how units fall to the strata, and of each; for `relativeLift`. */
  readonly sharedVariance: number;
  /** Units in strata where some arm has fewer than two: nothing there can be compared, and they are left out. */
  readonly excludedUnits: number;
}

/**
 * Means over all strata with the same weights for every arm, so that what differs between strata cannot pass for an effect
 * when the weights of the variants changed and the metric did too, where pooling lets it (Simpson's paradox). A stratum
 * weighs as much as it tells: 1 / Σ 1 / units of an arm (Mantel and Haenszel 1959; overlap weights: Li, Morgan and
 * Zaslavsky 2018). An effect that is the same in all strata is estimated without bias and most precisely; of one that
 * is not, the average over the units that can be compared. Where the weights never changed, each stratum weighs by its
 * units. Every arm must be able to get units in a stratum. Under weights that follow the outcomes (a bandit) how much a
 * stratum tells depends on what it found, and this is biased: take `adaptiveArms`.
 */
export function stratifiedArms(strata: readonly Stratum[]): StratifiedArms {
  const sizeOf = ({ arms }: Stratum) => arms.reduce((sum, { n }) => sum + n, 0);
  const usable = strata.filter(({ arms }) => arms.every(({ n }) => n >= 2));
  const weights = usable.map(({ arms }) => 1 / arms.reduce((sum, { n }) => sum + 1 / n, 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const parts = usable.map((stratum, index) => ({ ...stratum, share: (weights[index] ?? 0) / total }));
  const arms = (strata[0]?.arms ?? []).map((_, arm) =>
    weighed(parts.map(({ arms: moments, share }) => ({ moments: moments[arm], share }))),
  );
  const units = usable.reduce((sum, stratum) => sum + sizeOf(stratum), 0);
  return {
    arms,
    sharedVariance: units === 0 ? 0 : betweenStrata(parts) / units + sharedWithin(parts),
    excludedUnits: strata.reduce((sum, stratum) => sum + sizeOf(stratum), 0) - units,
  };
}

function weighed(parts: readonly { moments: Moments | undefined; share: number }[]): Moments {
  let [n, mean, squaredError] = [0, 0, 0];
  for (const { moments, share } of parts) {
    if (moments === undefined) throw new RangeError('every stratum needs the same arms');
    n += moments.n;
    mean += share * moments.mean;
    squaredError += (share ** 2 * moments.variance) / moments.n;
  }
  return { n, mean, variance: n * squaredError };
}

/** Variance of a weighted mean of levels that the arms of each stratum have in common. */
export function sharedWithin(
  parts: readonly { readonly sharedVariance?: number; readonly share: number }[],
): number {
  return parts.reduce((sum, { share, sharedVariance = 0 }) => sum + share ** 2 * sharedVariance, 0);
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

import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import { countsWithin } from './bernoulli-mixture.ts';
import type { Moments } from './moments.ts';

export interface QuantileRequest {
  /** Values in the sample. */
  readonly n: number;
  /** 0.95 for the 95th percentile. */
  readonly level: number;
  readonly alpha: number;
}

/** Ranks among the sorted values, from 1, whose values bound the quantile; null where no value bounds it yet. */
export interface QuantileRanks {
  readonly lower: number | null;
  readonly upper: number | null;
}

/**
 * Ranks that bound a quantile at ONE look (the sign test's interval, exact for independent values of any distribution:
 * Thompson 1936): the number of values below it is binomial.
 */
export function fixedQuantileRanks({ n, level, alpha }: QuantileRequest): QuantileRanks {
  // P(fewer than k of n values lie below the quantile) = 1 − I_level(k, n − k + 1).
  const fewerThan = (rank: number) => (rank > n ? 1 : 1 - betaCdf(level, rank, n - rank + 1));
  const lower = lastWhere(0, n, (rank) => rank === 0 || fewerThan(rank) <= alpha / 2);
  const upper = lastWhere(0, n, (rank) => rank === 0 || fewerThan(rank) < 1 - alpha / 2) + 1;
  return ranksIn(n, lower, upper);
}

/**
 * Ranks that bound a quantile at every look together (Howard and Ramdas, "Sequential estimation of quantiles with
 * applications to A/B testing and best-arm identification", Bernoulli 2022, with the beta-binomial mixture as the
 * boundary): exact for independent values of any distribution, from the first value on.
 */
export function sequentialQuantileRanks({ n, level, alpha }: QuantileRequest): QuantileRanks {
  const [fewest, most] = countsWithin(n, level, Math.log(1 / alpha));
  return ranksIn(n, Math.ceil(fewest), Math.floor(most) + 1);
}

function ranksIn(n: number, lower: number, upper: number): QuantileRanks {
  return { lower: lower < 1 ? null : lower, upper: upper > n ? null : upper };
}

/** The last whole number in [low, high] that holds, when all up to some number do and none after. */
function lastWhere(low: number, high: number, holds: (value: number) => boolean): number {
  let [yes, no] = [low, high + 1];
  while (no - yes > 1) {
    const middle = Math.floor((yes + no) / 2);
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

/**
 * The difference of two quantiles from an interval of each at alpha / 2: right at level alpha whatever the intervals'
 * kind (Bonferroni), so always-valid where both are. Null sides are unbounded.
 */
export function quantileDifference(
  control: readonly [number | null, number | null],
  variant: readonly [number | null, number | null],
): readonly [number | null, number | null] {
  const less = (left: number | null, right: number | null) =>
    left === null || right === null ? null : left - right;
  return [less(variant[0], control[1]), less(variant[1], control[0])];
}

/** Levels around a quantile whose values tell the density there: one standard error of its share either way, twice. */
export function densityLevels(level: number, n: number): readonly [number, number] {
  const reach = 2 * Math.sqrt((level * (1 - level)) / n);
  return [Math.max(0, level - reach), Math.min(1, level + reach)];
}

export interface QuantileSummary {
  readonly value: number;
  /** Share of values at or below `value`, per randomised unit: `ratioMoments` of [values at or below, values]. */
  readonly share: Moments;
  /** The levels given by `densityLevels`, and the sample's values there. */
  readonly levels: readonly [number, number];
  readonly values: readonly [number, number];
}

/**
 * A quantile as if it were a mean, for every method that takes moments: its variance is that of the share below it
 * over the squared density (Bahadur 1966). The share's variance may be clustered: values need not be independent,
 * units must be (Deng, Knoblich and Lu, KDD 2018, section 4). For a continuous distribution and many values. Variance
 * 0, which bounds nothing, where the values around the quantile are all the same.
 */
export function quantileMoments({ value, share, levels, values }: QuantileSummary): Moments {
  const density = (levels[1] - levels[0]) / (values[1] - values[0]);
  return { n: share.n, mean: value, variance: Number.isFinite(density) ? share.variance / density ** 2 : 0 };
}

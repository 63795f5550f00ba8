import type { DuckDBConnection } from '@duckdb/node-api';
import type { Arm } from '../../experiments/analysis/comparison.ts';
import { cupedMeans, cupedRatios } from '../../experiments/analysis/cuped.ts';
import type { JointMoments, Pair, Quad } from '../../experiments/analysis/joint-moments.ts';
import { type Moments, proportionMoments } from '../../experiments/analysis/moments.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import { stratifiedArms } from '../../experiments/analysis/stratified-moments.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';

/** A metric of every variant, ready to be compared. */
export interface MeasuredArms {
  readonly arms: readonly Arm[];
  /** Of a level that all means have in common (AdjustedArms). */
  readonly sharedVariance: number;
  /** Share of the variance that the covariate took out; null without one. */
  readonly varianceReduction: number | null;
  /** Units of periods of which some variant has too few: nothing there can be compared. */
  readonly excludedUnits: number;
}

/** What `momentsSql` gives for one variant: as many of the columns as the metric has. */
interface MomentsRow {
  readonly n: number;
  readonly [column: string]: number | string | undefined;
}

/** Runs the query of `momentsSql`, grouped by epoch, and reads the arms off it, in the order of `variants`. */
export async function measureArms(
  connection: DuckDBConnection,
  {
    metric,
    sql,
    variants,
  }: { readonly metric: Metric; readonly sql: string; readonly variants: readonly string[] },
): Promise<MeasuredArms> {
  const rows = await rowsOf<{ variant: string; epoch: number; n: bigint }>(connection, sql);
  const byEpoch = [...Map.groupBy(rows, ({ epoch }) => epoch)].toSorted(([a], [b]) => a - b);
  const strata = byEpoch.map(([, ofEpoch]) => {
    const byVariant = new Map(
      ofEpoch.map(({ variant, n, ...values }) => [variant, { ...values, n: Number(n) }]),
    );
    return armsOf(
      metric,
      variants.map((key) => ({ key, row: byVariant.get(key) ?? { n: 0 } })),
    );
  });
  const [only, ...others] = strata;
  if (only === undefined)
    return armsOf(
      metric,
      variants.map((key) => ({ key, row: { n: 0 } })),
    );
  return others.length === 0 ? only : overStrata(variants, strata);
}

/** One sample per variant out of several periods of constant weights. */
function overStrata(variants: readonly string[], strata: readonly MeasuredArms[]): MeasuredArms {
  const stratified = stratifiedArms(strata.map(({ arms }) => ({ arms: arms.map(({ moments }) => moments) })));
  return {
    arms: variants.map((key, index) => ({ key, moments: stratified.arms[index] ?? NOTHING })),
    sharedVariance: stratified.sharedVariance,
    varianceReduction: strata.at(-1)?.varianceReduction ?? null,
    excludedUnits: stratified.excludedUnits,
  };
}

/** By what the metric is: a ratio or a mean, with a covariate or without. */
export function armsOf(
  metric: Metric,
  rows: readonly { readonly key: string; readonly row: MomentsRow }[],
): MeasuredArms {
  const isRatio = metric.kind === 'ratio';
  if (metric.covariate !== undefined) {
    const adjusted = isRatio
      ? cupedRatios(rows.map(({ row }) => joint<Quad>(row, ['y', 'x', 'p', 'q'])))
      : cupedMeans(rows.map(({ row }) => joint<Pair>(row, ['y', 'p'])));
    return {
      arms: rows.map(({ key }, index) => ({ key, moments: adjusted.arms[index] ?? NOTHING })),
      sharedVariance: adjusted.sharedVariance,
      varianceReduction: adjusted.varianceReduction,
      excludedUnits: 0,
    };
  }
  const arms = rows.map(({ key, row }) => {
    if (isRatio) return { key, moments: ratioMoments(joint<Pair>(row, ['y', 'x'])) };
    const { n } = row;
    const [y, yy] = [numberIn(row, 'y'), numberIn(row, 'yy')];
    if (!isBinary(metric)) return { key, moments: { n, mean: y, variance: yy } };
    const successes = Math.round(y * n);
    return { key, moments: proportionMoments(successes, n), share: { successes, n } };
  });
  return { arms, sharedVariance: 0, varianceReduction: null, excludedUnits: 0 };
}

const NOTHING: Moments = { n: 0, mean: 0, variance: 0 };

function joint<Vector extends readonly number[]>(
  row: MomentsRow,
  columns: readonly string[],
): JointMoments<Vector> {
  return {
    n: row.n,
    means: columns.map((column) => numberIn(row, column)) as readonly number[] as Vector,
    covariances: columns.map((left, i) =>
      columns.map((right, j) => numberIn(row, i <= j ? left + right : right + left)),
    ),
  };
}

/** Absent where there are no units. */
function numberIn(row: MomentsRow, column: string): number {
  return Number(row[column] ?? 0);
}

/** Exactly 0 or 1 for each unit, so that the variance follows from the mean. */
function isBinary({ kind }: Metric): boolean {
  return kind === 'proportion' || kind === 'retention';
}

/** Every unit's value lies in [0, 1]. */
export function isShare(metric: Metric): boolean {
  return isBinary(metric) || (metric.kind === 'mean' && ['error', 'fallback'].includes(metric.value ?? ''));
}

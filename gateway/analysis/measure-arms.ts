import type { DuckDBConnection } from '@duckdb/node-api';
import type { Arm } from '../../experiments/analysis/comparison.ts';
import { cupedMeans, cupedRatios } from '../../experiments/analysis/cuped.ts';
import type { JointMoments, Pair, Quad } from '../../experiments/analysis/joint-moments.ts';
import { type Moments, proportionMoments } from '../../experiments/analysis/moments.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import { isBinary, type Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { LoadedExperiment } from './experiment-tables.ts';
import { type EpochArms, overEpochs } from './over-epochs.ts';

/** A metric of every variant, ready to be compared. */
export interface MeasuredArms {
  readonly arms: readonly Arm[];
  /** Of a level that all means have in common (AdjustedArms). */
  readonly sharedVariance: number;
  /** Share of the variance that the covariate took out; null without one. */
  readonly varianceReduction: number | null;
  /** Units of periods of which some variant has too few: nothing there can be compared. */
  readonly excludedUnits: number;
  /** What it was made of, in order; empty for a quantile. */
  readonly strata: readonly EpochArms[];
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
    epochs,
    adaptive,
  }: {
    readonly metric: Metric;
    readonly sql: string;
    readonly variants: readonly string[];
    readonly epochs: LoadedExperiment['epochs'];
    readonly adaptive: boolean;
  },
): Promise<MeasuredArms> {
  const rows = await rowsOf<{ variant: string; epoch: number; n: bigint }>(connection, sql);
  const byEpoch = [...Map.groupBy(rows, ({ epoch }) => epoch)].toSorted(([a], [b]) => a - b);
  const measured = byEpoch.map(([epoch, ofEpoch]) => {
    const byVariant = new Map(
      ofEpoch.map(({ variant, n, ...values }) => [variant, { ...values, n: Number(n) }]),
    );
    const own = armsOf(
      metric,
      variants.map((key) => ({ key, row: byVariant.get(key) ?? { n: 0 } })),
    );
    const weights = variants.map((key) => epochs[epoch]?.weights.get(key) ?? 0);
    return { epoch, weights, own };
  });
  const strata = measured.map(({ epoch, weights, own: { arms, sharedVariance } }) => ({
    epoch,
    weights,
    arms: arms.map(({ moments }) => moments),
    sharedVariance,
  }));
  const over = overEpochs(strata, { metric, adaptive });
  const [only, ...others] = measured;
  return {
    arms: variants.map((key, index) => ({
      key,
      moments: over?.arms[index] ?? NOTHING,
      // Counts of several periods together are no sample of any.
      ...(others.length > 0 ? {} : shareOf(only?.own.arms[index])),
    })),
    sharedVariance: over?.sharedVariance ?? 0,
    varianceReduction: averageReduction(measured.map(({ own }) => own)),
    excludedUnits: over?.excludedUnits ?? 0,
    strata,
  };
}

const shareOf = (arm: Arm | undefined) => (arm?.share === undefined ? {} : { share: arm.share });

/** Over periods, by their units; null without a covariate. */
function averageReduction(
  measured: readonly Pick<MeasuredArms, 'arms' | 'varianceReduction'>[],
): number | null {
  const parts = measured.flatMap(({ arms, varianceReduction }) =>
    varianceReduction === null
      ? []
      : [{ varianceReduction, n: arms.reduce((sum, { moments }) => sum + moments.n, 0) }],
  );
  const units = parts.reduce((sum, { n }) => sum + n, 0);
  if (parts.length === 0) return null;
  return units === 0 ? 0 : parts.reduce((sum, part) => sum + (part.varianceReduction * part.n) / units, 0);
}

/** By what the metric is: a ratio or a mean, with a covariate or without. */
export function armsOf(
  metric: Metric,
  rows: readonly { readonly key: string; readonly row: MomentsRow }[],
): Omit<MeasuredArms, 'strata'> {
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

/** Every unit's value lies in [0, 1]. */
export function isShare(metric: Metric): boolean {
  return isBinary(metric) || (metric.kind === 'mean' && ['error', 'fallback'].includes(metric.value ?? ''));
}

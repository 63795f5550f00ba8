import type { DuckDBConnection } from '@duckdb/node-api';
import type { JointMoments, Pair } from '../../experiments/analysis/joint-moments.ts';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { densityLevels, quantileMoments } from '../../experiments/analysis/quantile.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { MeasuredArms } from './measure-arms.ts';
import type { Dialect } from './sql/dialect.ts';
import {
  sharesBelowSql,
  type ValuesScope,
  valueCountsSql,
  valuesAtRanksSql,
  valuesSql,
} from './sql/quantile-sql.ts';

/** Of one variant: its number of values, and the ranks of its quantile and of the levels around it. */
interface Ranks {
  readonly at: number;
  readonly levels: readonly [number, number];
  readonly around: readonly [number, number];
}

const NOTHING: Moments = { n: 0, mean: 0, variance: 0 };

/**
 * A quantile of each variant, as a mean with the clustered variance of its units (`quantileMoments`): read in three
 * steps, since where to look for the density depends on how many values there are.
 */
export async function measureQuantile(
  connection: DuckDBConnection,
  metric: Metric,
  { variants, ...scope }: ValuesScope & { readonly variants: readonly string[] },
): Promise<MeasuredArms> {
  const { dialect } = scope;
  const values = valuesSql(metric, scope);
  const ranks = await ranksOf(connection, values, metric.quantile ?? 0.5);
  const moments = new Map<string, Moments>();
  if (ranks.size > 0) {
    const found = await valuesAt(connection, values, { ranks, dialect });
    const quantiles = new Map([...ranks].map(([variant, { at }]) => [variant, found(variant, at)]));
    const shares = await sharesBelow(connection, sharesBelowSql(values, quantiles, dialect));
    for (const [variant, { at, levels, around }] of ranks) {
      moments.set(
        variant,
        quantileMoments({
          value: found(variant, at),
          share: shares.get(variant) ?? NOTHING,
          levels,
          values: [found(variant, around[0]), found(variant, around[1])],
        }),
      );
    }
  }
  return {
    arms: variants.map((key) => ({ key, moments: moments.get(key) ?? NOTHING })),
    sharedVariance: 0,
    varianceReduction: null,
    excludedUnits: 0,
    strata: [],
  };
}

async function ranksOf(
  connection: DuckDBConnection,
  values: string,
  level: number,
): Promise<ReadonlyMap<string, Ranks>> {
  const counts = await rowsOf<{ variant: string; n: bigint }>(connection, valueCountsSql(values));
  return new Map(
    counts.map(({ variant, n: count }) => {
      const n = Number(count);
      const rank = (share: number) => Math.min(n, Math.max(1, Math.ceil(share * n)));
      const levels = densityLevels(level, n);
      return [variant, { at: rank(level), levels, around: [rank(levels[0]), rank(levels[1])] }];
    }),
  );
}

async function valuesAt(
  connection: DuckDBConnection,
  values: string,
  { ranks, dialect }: { readonly ranks: ReadonlyMap<string, Ranks>; readonly dialect: Dialect },
): Promise<(variant: string, rank: number) => number> {
  const wanted = new Map([...ranks].map(([variant, { at, around }]) => [variant, [at, ...around]]));
  const rows = await rowsOf<{ variant: string; place: bigint; v: number }>(
    connection,
    valuesAtRanksSql(values, wanted, dialect),
  );
  const found = new Map(rows.map(({ variant, place, v }) => [`${variant} ${place}`, v]));
  return (variant, rank) => found.get(`${variant} ${rank}`) ?? Number.NaN;
}

async function sharesBelow(connection: DuckDBConnection, sql: string): Promise<ReadonlyMap<string, Moments>> {
  interface Row {
    readonly variant: string;
    readonly n: bigint;
    readonly y: number;
    readonly x: number;
    readonly yy: number;
    readonly yx: number;
    readonly xx: number;
  }
  const rows = await rowsOf<Row>(connection, sql);
  return new Map(
    rows.map(({ variant, n, y, x, yy, yx, xx }) => {
      const joint: JointMoments<Pair> = {
        n: Number(n),
        means: [y, x],
        covariances: [
          [yy, yx],
          [yx, xx],
        ],
      };
      return [variant, ratioMoments(joint)];
    }),
  );
}

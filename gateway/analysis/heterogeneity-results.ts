import type { DuckDBConnection } from '@duckdb/node-api';
import {
  type DimensionHeterogeneity,
  heterogeneityByDimension,
  type SegmentEffect,
} from '../../experiments/analysis/heterogeneity.ts';
import { absoluteDifference } from '../../experiments/analysis/lift.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { AnalysisScope, LoadedExperiment } from './experiment-tables.ts';
import { armsOf } from './measure-arms.ts';
import { ALPHA, ALWAYS_VALID } from './measure-metrics.ts';
import type { PlannedMetric } from './metric-plan.ts';
import type { Dialect } from './sql/dialect.ts';
import { momentsSql, unitValueSql } from './sql/unit-query.ts';

/** Whether a variant's effect differs over the values of dimensions, with the effect in each. */
export interface VariantHeterogeneity {
  readonly variant: string;
  readonly dimensions: readonly (DimensionHeterogeneity & { readonly segments: readonly SegmentEffect[] })[];
}

/** Of one metric that has values per unit, over the units of today's weights and the tables of `loadSegments`. */
export async function heterogeneityOf(
  connection: DuckDBConnection,
  { metric, values }: PlannedMetric,
  {
    scope,
    loaded,
    dialect,
    dimensions,
  }: {
    readonly scope: AnalysisScope;
    readonly loaded: LoadedExperiment;
    readonly dialect: Dialect;
    readonly dimensions: Iterable<string>;
  },
): Promise<VariantHeterogeneity[]> {
  if (values === null) return [];
  const { experiment, asOfMs } = scope;
  const perUnit = unitValueSql(metric, values, {
    dialect,
    asOfMs,
    only: `u.epoch = ${loaded.epochs.length - 1}`,
  });
  const [control, ...others] = experiment.variants.map(({ key }) => key);
  const found: { dimension: string; bySegment: ReadonlyMap<string, ReturnType<typeof armsOf>> }[] = [];
  for (const dimension of dimensions) {
    const rows = await rowsOf<{ variant: string; segment: string; n: bigint }>(
      connection,
      momentsSql(
        `SELECT v.*, s.segment FROM (${perUnit}) v
         JOIN unit_cell c ON c.unit_id = v.unit_id
         JOIN segment s ON s.cell_h = c.cell_h AND s.dimension = ${dialect.text(dimension)}`,
        values,
        ['segment'],
      ),
    );
    const segments = [...Map.groupBy(rows, ({ segment }) => segment)]
      .map(([segment, own]) => ({ segment, own, n: own.reduce((sum, row) => sum + Number(row.n), 0) }))
      .toSorted((a, b) => b.n - a.n);
    const bySegment = new Map(
      segments.map(({ segment, own }) => [
        segment,
        armsOf(
          metric,
          experiment.variants.map(({ key }) => {
            const row = own.find(({ variant }) => variant === key);
            return { key, row: row === undefined ? { n: 0 } : { ...row, n: Number(row.n) } };
          }),
        ),
      ]),
    );
    if (bySegment.size > 1) found.push({ dimension, bySegment });
  }
  if (control === undefined || found.length === 0) return [];
  return others.map((variant) => {
    const tried = found.map(({ dimension, bySegment }) => ({
      dimension,
      segments: [...bySegment].flatMap(([segment, { arms }]) => {
        const [a, b] = [control, variant].map((key) => arms.find((arm) => arm.key === key)?.moments);
        if (a === undefined || b === undefined || a.n < 2 || b.n < 2) return [];
        return [{ segment, effect: absoluteDifference(a, b), n: a.n + b.n }];
      }),
    }));
    const tested = heterogeneityByDimension(tried, { alpha: ALPHA, tunedAt: ALWAYS_VALID.tunedAt });
    return {
      variant,
      dimensions: tested.map((each, index) => ({ ...each, segments: tried[index]?.segments ?? [] })),
    };
  });
}

import type { Metric } from '../../../experiments/metric.ts';
import { NO_SEGMENT } from '../unit-segments.ts';
import type { Dialect } from './dialect.ts';
import { exposuresSql, type LakeScope, outcomesSql } from './lake-tables-sql.ts';
import { sharesBelowSql, valuesSql } from './quantile-sql.ts';
import { DAY_MS, Tallies } from './tallies.ts';
import { momentsSql, tallySql, type UnitScope, unitSql, unitValueSql } from './unit-query.ts';
import { unitValues } from './unit-values.ts';

/** What a query over the lake itself is of. */
export interface QueryScope extends LakeScope, UnitScope {
  /** Of a quantile: the values found, by variant. */
  readonly quantiles: ReadonlyMap<string, number>;
  /** Also by the value of this dimension at the unit's first exposure; of quantiles it says nothing. */
  readonly dimension?: string;
}

/**
 * One query over the lake itself that gives a metric's moments per variant and epoch of weights, as the result has
 * them: `n` units, means, sample variances and covariances of y (the value), x (the denominator), p and q (the same
 * before the first exposure). Of a quantile it gives the shares below `quantiles`, the values found. Written with what
 * DuckDB, Athena and BigQuery have in common; `dialect` has the rest.
 */
export function metricQuery(metric: Metric, scope: QueryScope, dialect: Dialect): string {
  const { dimension, asOfMs } = scope;
  const tallies = new Tallies();
  const values = unitValues(metric, tallies, dialect);
  const beforeMs = (metric.covariate?.days ?? 0) * DAY_MS;
  const measured = tallies.events.length > 0;
  const tables = [
    `exposure AS (${exposuresSql(scope, dialect, dimension)}\n)`,
    `unit AS (${unitSql(scope, dialect)}\n)`,
    ...(measured ? [`outcome AS (${outcomesSql(scope, { tallies, beforeMs, dialect })}\n)`] : []),
  ];
  if (values === null) {
    const each = valuesSql(metric, { dialect, epoch: scope.epochs.length - 1 });
    return query(tables, sharesBelowSql(each, scope.quantiles, dialect));
  }
  const withTally = measured ? [...tables, `tally AS (${tallySql(tallies, scope, dialect)})`] : tables;
  const perUnit = unitValueSql(metric, values, { dialect, asOfMs });
  if (dimension === undefined) return query(withTally, momentsSql(perUnit, values, ['epoch']));
  return query(
    [...withTally, `unit_segment AS (${UNIT_SEGMENT}\n)`],
    momentsSql(
      `SELECT v.*, s.segment FROM (${perUnit}) v JOIN unit_segment s ON s.unit_id = v.unit_id`,
      values,
      ['epoch', 'segment'],
    ),
  );
}

const query = (tables: readonly string[], body: string) => `WITH ${tables.join(',\n')}${body}\nORDER BY 1, 2`;

const UNIT_SEGMENT = `
  SELECT u.unit_id, COALESCE(MIN(e.segment), '${NO_SEGMENT}') AS segment
  FROM exposure e JOIN unit u ON u.unit_id = e.unit_id AND u.first_ms = e.at_ms GROUP BY u.unit_id`;

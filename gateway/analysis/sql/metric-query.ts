import type { Metric } from '../../../experiments/metric.ts';
import { type AnalysisScope, revisionsSql } from '../experiment-tables.ts';
import type { Dialect } from './dialect.ts';
import { sharesBelowSql, valuesSql } from './quantile-sql.ts';
import { Tallies } from './tallies.ts';
import { momentsSql, tallySql, type UnitScope, unitSql, unitValueSql } from './unit-query.ts';
import { unitValues } from './unit-values.ts';

/**
 * One query over the lake itself that gives a metric's moments per variant and epoch of weights, as the result has
 * them: `n` units, means, sample variances and covariances of y (the value), x (the denominator), p and q (the same
 * before the first exposure). Of a quantile it gives the shares below `quantiles`, the values found. Written with what
 * DuckDB, Athena and BigQuery have in common; `dialect` has the rest.
 */
export function metricQuery(
  metric: Metric,
  scope: AnalysisScope & UnitScope & { readonly quantiles: ReadonlyMap<string, number> },
  dialect: Dialect,
): string {
  const tallies = new Tallies();
  const values = unitValues(metric, tallies, dialect);
  const tables = [
    `exposure AS (${exposuresSql(scope, dialect)}\n)`,
    `unit AS (${unitSql(scope)}\n)`,
    ...(tallies.events.length === 0 ? [] : [`outcome AS (${outcomesSql(scope, { tallies, dialect })}\n)`]),
    // A metric of the gateway tallies nothing, and joins a table without rows.
    ...(values === null
      ? []
      : [
          tallies.events.length === 0
            ? 'tally AS (SELECT unit_id FROM unit WHERE FALSE)'
            : `tally AS (${tallySql(tallies, dialect)}\n)`,
        ]),
  ];
  const body =
    values === null
      ? sharesBelowSql(
          valuesSql(metric, { dialect, epoch: scope.epochs.length - 1 }),
          scope.quantiles,
          dialect,
        )
      : momentsSql(unitValueSql(metric, values, { dialect, asOfMs: scope.asOfMs }), values, ['epoch']);
  return `WITH ${tables.join(',\n')}${body}\nORDER BY 1, 2`;
}

function exposuresSql({ experiment, asOfMs, ...scope }: AnalysisScope, dialect: Dialect): string {
  const { column, text, table, epochMs } = dialect;
  const at = column('at');
  return `
  SELECT unit_id, at_ms, revision, variant, latency_ms, cost, failed, fallback FROM (
    SELECT CONCAT(tenant, '/', unit) AS unit_id, ${epochMs(at)} AS at_ms, revision, variant, latency_ms, cost, fallback,
      (status >= 500 OR error IS NOT NULL) AS failed,
      ROW_NUMBER() OVER (PARTITION BY tenant, id ORDER BY ${at}) AS copy_number
    FROM ${table('exposures')}
    WHERE experiment = ${text(experiment.key)} AND ${revisionsSql('revision', scope)}
  ) c WHERE copy_number = 1 AND at_ms <= ${asOfMs}`;
}

function outcomesSql(
  { experiment, asOfMs }: AnalysisScope,
  { tallies, dialect }: { readonly tallies: Tallies; readonly dialect: Dialect },
): string {
  const { column, text, table, epochMs } = dialect;
  return `
  SELECT unit_id, at_ms, event, value FROM (
    SELECT CONCAT(tenant, '/', unit) AS unit_id, ${epochMs(column('at'))} AS at_ms, event, ${column('value')} AS value,
      unit_type, ${epochMs('received_at')} AS received_ms,
      ROW_NUMBER() OVER (PARTITION BY tenant, id ORDER BY received_at) AS copy_number
    FROM ${table('outcomes')}
  ) c
  WHERE copy_number = 1 AND received_ms <= ${asOfMs} AND unit_type = ${text(experiment.unit)}
    AND event IN (${tallies.events.map(text).join(', ')})`;
}

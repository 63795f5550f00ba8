import { type AnalysisScope, revisionsSql } from '../experiment-tables.ts';
import type { Dialect } from './dialect.ts';
import { DAY_MS, type Tallies } from './tallies.ts';

/** What of the lake a query over its files or tables reads. */
export interface LakeScope extends AnalysisScope {
  /** When the first exposure was, milliseconds since the epoch. */
  readonly fromMs: number;
  /** Of whom there are exposures. */
  readonly tenants: readonly string[];
  /** Whether the cost of any exposure is known; files of older versions have no column for it. */
  readonly priced: boolean;
}

/**
 * Every exposure of the experiment, each id once. `dimension`: whose value stands in a column `segment`, null where
 * the exposure has none.
 */
export function exposuresSql(
  { experiment, asOfMs, fromMs, tenants, priced, ...scope }: LakeScope,
  dialect: Dialect,
  dimension?: string,
): string {
  const { column, text, table, epochMs } = dialect;
  const at = column('at');
  const segment = dimension === undefined ? '' : ', segment';
  const days = { fromMs, toMs: asOfMs };
  return `
  SELECT unit_id, at_ms, revision, variant, latency_ms,${priced ? ' cost,' : ''} failed, fallback${segment} FROM (
    SELECT CONCAT(tenant, '/', unit) AS unit_id, ${epochMs(at)} AS at_ms, revision, variant, latency_ms,${priced ? ' cost,' : ''} fallback,
      (status >= 500 OR error IS NOT NULL) AS failed,${dimension === undefined ? '' : ` ${segmentSql(dimension, dialect)} AS segment,`}
      ROW_NUMBER() OVER (PARTITION BY tenant, id ORDER BY ${at}) AS copy_number
    FROM ${table('exposures')}
    WHERE ${partitionsSql(days, tenants, dialect)} AND experiment = ${text(experiment.key)}
      AND ${revisionsSql('revision', scope)}
  ) c WHERE copy_number = 1 AND at_ms <= ${asOfMs}`;
}

/** Every outcome that some tally counts, each id once, from `beforeMs` before the first exposure on. */
export function outcomesSql(
  { experiment, asOfMs, fromMs, tenants }: LakeScope,
  {
    tallies,
    beforeMs,
    dialect,
  }: { readonly tallies: Tallies; readonly beforeMs: number; readonly dialect: Dialect },
): string {
  const { column, text, table, epochMs } = dialect;
  // Clocks may be ahead or behind by minutes.
  const days = { fromMs: fromMs - beforeMs - DAY_MS, toMs: asOfMs + DAY_MS };
  return `
  SELECT unit_id, at_ms, event, value FROM (
    SELECT CONCAT(tenant, '/', unit) AS unit_id, ${epochMs(column('at'))} AS at_ms, event, ${column('value')} AS value,
      unit_type, ${epochMs('received_at')} AS received_ms,
      ROW_NUMBER() OVER (PARTITION BY tenant, id ORDER BY received_at) AS copy_number
    FROM ${table('outcomes')}
    WHERE ${partitionsSql(days, tenants, dialect)}
  ) c
  WHERE copy_number = 1 AND received_ms <= ${asOfMs} AND unit_type = ${text(experiment.unit)}
    AND event IN (${tallies.events.map(text).join(', ')})`;
}

/** Only these are read; the tables of both warehouses refuse a query that names no days, Athena's also no tenants. */
function partitionsSql(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  tenants: readonly string[],
  { column, text, namesTenants }: Dialect,
): string {
  const day = (ms: number) => `DATE '${new Date(ms).toISOString().slice(0, 10)}'`;
  const named = namesTenants && tenants.length > 0 ? `tenant IN (${tenants.map(text).join(', ')}) AND ` : '';
  return `${named}${column('date')} BETWEEN ${day(fromMs)} AND ${day(toMs)}`;
}

const segmentSql = (dimension: string, { mapValue }: Dialect) =>
  dimension === 'tenant' ? 'tenant' : mapValue('dimensions', dimension);

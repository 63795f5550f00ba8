import type { Metric } from '../../../experiments/metric.ts';
import type { Dialect } from './dialect.ts';
import type { Tallies } from './tallies.ts';
import { maturity, type UnitValues } from './unit-values.ts';

/** How the weights changed while the experiment ran. */
export interface UnitScope {
  /** Where each period of constant weights begins, in order; at least one. */
  readonly epochs: readonly { readonly fromRevision: number; readonly fromMs: number }[];
  /** Whether some unit was moved by a change: then nobody's outcomes count past the end of the unit's epoch. */
  readonly moved: boolean;
  /** Whether the cost of any exposure is known. */
  readonly priced: boolean;
}

/** Of answers that the gateway gave; of exposures that clients report nothing is known. */
const sumsSql = ({ priced }: UnitScope, { double }: Dialect) => `COUNT(latency_ms) AS exposures,
    SUM(latency_ms) AS latency_sum, COUNT(CASE WHEN failed THEN 1 END) AS error_sum,
    COUNT(CASE WHEN fallback THEN 1 END) AS fallback_sum,
    ${priced ? 'COUNT(cost) AS priced, SUM(cost) AS cost_sum' : `0 AS priced, CAST(NULL AS ${double}) AS cost_sum`}`;

/**
 * Each unit of `exposure`, or of a table like it, once: its variant, its first exposure, and the epoch of weights that it was first seen in,
 * which is where it is analysed. `state` is `crossed` for a unit that was seen in two variants under the same
 * weights. After a change that moved units, what anybody did later is left out (`until_ms`): to leave out only those
 * who moved, as far as they were seen again, would bias the variant that they were taken from.
 */
export function unitSql(scope: UnitScope, dialect: Dialect, from = 'exposure'): string {
  const { epochs, moved } = scope;
  if (epochs.length < 2) {
    return `
  SELECT unit_id, MIN(variant) AS variant, MIN(at_ms) AS first_ms, ${sumsSql(scope, dialect)}, 0 AS epoch, CAST(NULL AS BIGINT) AS until_ms,
    CASE WHEN MIN(variant) <> MAX(variant) THEN 'crossed' ELSE 'analysed' END AS state
  FROM ${from} GROUP BY unit_id`;
  }
  const ends = epochs.slice(1).map(({ fromMs }, epoch) => `WHEN epoch = ${epoch} THEN ${fromMs}`);
  return `
  SELECT unit_id, variant, first_ms, exposures, latency_sum, error_sum, fallback_sum, priced, cost_sum, epoch,
    ${moved ? `CASE ${ends.join(' ')} END` : 'CAST(NULL AS BIGINT)'} AS until_ms,
    CASE WHEN variant <> other THEN 'crossed' ELSE 'analysed' END AS state
  FROM (${unitsByEpochSql(scope, { from, sums: `${sumsSql(scope, dialect)},` })}) p WHERE place = 1`;
}

/** How many units were in different variants in different epochs, but in one in each. */
export function movedUnitsSql(scope: Pick<UnitScope, 'epochs'>, from = 'exposure'): string {
  return `
  SELECT COUNT(*) AS n FROM (
    SELECT unit_id FROM (${unitsByEpochSql(scope, { from, sums: '' })}) p GROUP BY unit_id
    HAVING MIN(variant) <> MAX(variant) AND COUNT(CASE WHEN variant <> other THEN 1 END) = 0
  ) m`;
}

function unitsByEpochSql(
  { epochs }: Pick<UnitScope, 'epochs'>,
  { from, sums }: { readonly from: string; readonly sums: string },
): string {
  const cases = epochs
    .slice(1)
    .map(({ fromRevision }, epoch) => `WHEN revision < ${fromRevision} THEN ${epoch}`);
  return `
    SELECT unit_id, epoch, MIN(variant) AS variant, MAX(variant) AS other, MIN(at_ms) AS first_ms, ${sums}
      ROW_NUMBER() OVER (PARTITION BY unit_id ORDER BY epoch) AS place
    FROM (SELECT e.*, CASE ${cases.join(' ')} ELSE ${epochs.length - 1} END AS epoch FROM ${from} e) x
    GROUP BY unit_id, epoch`;
}

/** What the analysed units did, in one pass over `outcome` for all metrics. */
export function tallySql(tallies: Tallies, { moved }: UnitScope, dialect: Dialect): string {
  const events = tallies.events.map(dialect.text);
  return `
  SELECT o.unit_id${tallies.aggregates(dialect)}
  FROM outcome o JOIN unit u ON u.unit_id = o.unit_id
  WHERE u.state = 'analysed'${moved ? ' AND (u.until_ms IS NULL OR o.at_ms < u.until_ms)' : ''}
    AND ${events.length === 0 ? 'FALSE' : `o.event IN (${events.join(', ')})`}
  GROUP BY o.unit_id`;
}

export interface ValueOptions {
  readonly dialect: Dialect;
  readonly asOfMs: number;
  /** A condition on `u`: of the analysed units only these. */
  readonly only?: string;
}

/** One row per analysed unit with a metric's values of it, winsorised, over `unit` and, of outcomes, `tally`. */
export function unitValueSql(
  metric: Metric,
  { y, x, p, q }: UnitValues,
  { dialect, asOfMs, only }: ValueOptions,
): string {
  const conditions = [`u.state = 'analysed'`, maturity(metric, asOfMs), only].filter(
    (condition) => condition != null,
  );
  const optional = (name: string, expression: string | null) =>
    `, ${expression ?? `CAST(NULL AS ${dialect.double})`} AS ${name}`;
  const values = `
  SELECT u.unit_id, u.variant, u.epoch, u.first_ms, ${y} AS y${optional('x', x)}${optional('p', p)}${optional('q', q)}
  FROM unit u${metric.source === 'gateway' ? '' : ' LEFT JOIN tally t ON t.unit_id = u.unit_id'}
  WHERE ${conditions.join(' AND ')}`;
  const { cap } = metric;
  if (cap === undefined) return values;
  if ('value' in cap) return capped(values, String(cap.value));
  return `
  SELECT r.unit_id, r.variant, r.epoch, r.first_ms, CASE WHEN r.y > c.cap THEN c.cap ELSE r.y END AS y, r.x, r.p, r.q
  FROM (${values}) r CROSS JOIN (
    SELECT MIN(y) AS cap FROM (
      SELECT y, ROW_NUMBER() OVER (ORDER BY y) AS place, COUNT(*) OVER () AS units
      FROM (${values}) v WHERE y IS NOT NULL
    ) ranked WHERE place >= ${cap.percentile} * units
  ) c`;
}

const capped = (values: string, cap: string) => `
  SELECT unit_id, variant, epoch, first_ms, CASE WHEN y > ${cap} THEN ${cap} ELSE y END AS y, x, p, q FROM (${values}) v`;

/**
 * Moments per variant (and further columns to group by) of what `unitValueSql` gives: number of units with a value,
 * means, sample variances and covariances.
 */
export function momentsSql(
  values: string,
  { y, x, p, q }: UnitValues,
  groups: readonly string[] = [],
): string {
  const columns = Object.entries({ y, x, p, q })
    .filter(([, expression]) => expression !== null)
    .map(([name]) => name);
  const means = columns.map((name) => `AVG(${name}) AS ${name}`);
  const covariances = columns.flatMap((left, index) =>
    columns
      .slice(index)
      .map((right) =>
        left === right
          ? `COALESCE(VAR_SAMP(${left}), 0) AS ${left}${right}`
          : `COALESCE(COVAR_SAMP(${left}, ${right}), 0) AS ${left}${right}`,
      ),
  );
  const by = ['variant', ...groups].join(', ');
  return `
  SELECT ${by}, COUNT(*) AS n, ${[...means, ...covariances].join(', ')}
  FROM (${values}) v WHERE y IS NOT NULL GROUP BY ${by}`;
}

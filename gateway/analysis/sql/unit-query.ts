import type { Metric } from '../../../experiments/metric.ts';
import type { Dialect } from './dialect.ts';
import type { Tallies } from './tallies.ts';
import { maturity, type UnitValues } from './unit-values.ts';

/** Which exposures are analysed, and how. */
export interface UnitScope {
  /** Units first seen before this revision were drawn with other weights; 0 where all were drawn with today's. */
  readonly sinceRevision: number;
}

/**
 * Each unit of `exposure` once, with its variant and its first exposure. `state` says whether it is analysed: not when
 * it was seen in two variants, nor when it was first seen under other weights than today's (pooling units drawn with
 * different probabilities compares different times, not variants).
 */
export function unitSql({ sinceRevision }: UnitScope): string {
  return `
  SELECT unit_id, MIN(variant) AS variant, MIN(at_ms) AS first_ms, COUNT(*) AS exposures,
    SUM(latency_ms) AS latency_sum, COUNT(CASE WHEN failed THEN 1 END) AS error_sum,
    COUNT(CASE WHEN fallback THEN 1 END) AS fallback_sum,
    CASE
      WHEN MIN(revision) < ${sinceRevision} THEN 'earlier'
      WHEN MIN(variant) <> MAX(variant) THEN 'crossed'
      ELSE 'analysed'
    END AS state
  FROM exposure GROUP BY unit_id`;
}

/** What the analysed units did, in one pass over \`outcome\` for all metrics. */
export function tallySql(tallies: Tallies, dialect: Dialect): string {
  const events = tallies.events.map(dialect.text);
  return `
  SELECT o.unit_id${tallies.aggregates(dialect)}
  FROM outcome o JOIN unit u ON u.unit_id = o.unit_id
  WHERE u.state = 'analysed' AND ${events.length === 0 ? 'FALSE' : `o.event IN (${events.join(', ')})`}
  GROUP BY o.unit_id`;
}

/** One row per analysed unit with a metric's values of it, winsorised, over \`unit\` and \`tally\`. */
export function unitValueSql(
  metric: Metric,
  { y, x, p, q }: UnitValues,
  { dialect, asOfMs }: { readonly dialect: Dialect; readonly asOfMs: number },
): string {
  const mature = maturity(metric, asOfMs);
  const optional = (name: string, expression: string | null) =>
    `, ${expression ?? `CAST(NULL AS ${dialect.double})`} AS ${name}`;
  const values = `
  SELECT u.unit_id, u.variant, u.first_ms, ${y} AS y${optional('x', x)}${optional('p', p)}${optional('q', q)}
  FROM unit u LEFT JOIN tally t ON t.unit_id = u.unit_id
  WHERE u.state = 'analysed'${mature === null ? '' : ` AND ${mature}`}`;
  const { cap } = metric;
  if (cap === undefined) return values;
  if ('value' in cap) return capped(values, String(cap.value));
  return `
  SELECT r.unit_id, r.variant, r.first_ms, CASE WHEN r.y > c.cap THEN c.cap ELSE r.y END AS y, r.x, r.p, r.q
  FROM (${values}) r CROSS JOIN (
    SELECT MIN(y) AS cap FROM (
      SELECT y, ROW_NUMBER() OVER (ORDER BY y) AS place, COUNT(*) OVER () AS units
      FROM (${values}) v WHERE y IS NOT NULL
    ) ranked WHERE place >= ${cap.percentile} * units
  ) c`;
}

const capped = (values: string, cap: string) => `
  SELECT unit_id, variant, first_ms, CASE WHEN y > ${cap} THEN ${cap} ELSE y END AS y, x, p, q FROM (${values}) v`;

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

import type { Metric } from '../../../experiments/metric.ts';
import type { Dialect } from './dialect.ts';
import { comparisons, DAY_MS, filterOf, windowOf } from './tallies.ts';

export { DAY_MS };

/** Whether a metric of outcomes adds up from day to day, so that each day can be told from sums. */
export function isDaily({ source, kind, cap, covariate }: Metric): boolean {
  const adds = kind === 'proportion' || kind === 'count' || kind === 'sum' || kind === 'mean';
  return source === 'outcomes' && adds && covariate === undefined && (cap === undefined || 'value' in cap);
}

/** Outcomes that count for the metric, per unit and day; `day` is an expression over `o` and `u`. */
function unitDaysSql(
  metric: Metric,
  { text }: Dialect,
  { day, only }: { readonly day: string; readonly only: string },
): string {
  const { fromMs, toMs } = windowOf(metric);
  const conditions = [
    `u.state = 'analysed'`,
    `o.event = ${text(metric.event ?? '')}`,
    `o.at_ms >= u.first_ms + (${fromMs})`,
    ...(toMs === null ? [] : [`o.at_ms < u.first_ms + ${toMs}`]),
    '(u.until_ms IS NULL OR o.at_ms < u.until_ms)',
    ...comparisons('o.value', filterOf(metric)),
    only,
  ];
  return `
    SELECT u.unit_id, u.epoch, u.variant, ${day} AS day, count(*) AS row_count, count(o.value) AS value_count,
      coalesce(sum(o.value), 0) AS total
    FROM outcome o JOIN unit u ON u.unit_id = o.unit_id WHERE ${conditions.join(' AND ')} GROUP BY ALL`;
}

/** A unit's value from its counts and total so far. */
function valueSoFar({ kind, cap }: Metric): string {
  const value = {
    proportion: '(row_count > 0)::DOUBLE',
    count: 'row_count::DOUBLE',
    sum: 'total::DOUBLE',
    mean: 'CASE WHEN value_count > 0 THEN total / value_count END',
  }[kind as 'proportion' | 'count' | 'sum' | 'mean'];
  return cap !== undefined && 'value' in cap ? `least(${value}, ${cap.value})` : value;
}

/** Per epoch, variant and day: by how much that day changed the sums, over units, of their values and squares. */
export function dailyStepsSql(metric: Metric, dialect: Dialect): string {
  const day = `greatest(o.at_ms, u.first_ms) // ${DAY_MS}`;
  return `
  WITH grown AS (
    SELECT unit_id, epoch, variant, day, sum(row_count) OVER w AS row_count, sum(value_count) OVER w AS value_count,
      sum(total) OVER w AS total
    FROM (${unitDaysSql(metric, dialect, { day, only: 'TRUE' })})
    WINDOW w AS (PARTITION BY unit_id ORDER BY day)
  ), step AS (
    SELECT epoch, variant, day, y, lag(y) OVER (PARTITION BY unit_id ORDER BY day) AS before
    FROM (SELECT *, ${valueSoFar(metric)} AS y FROM grown)
  )
  SELECT epoch, variant, day, count(*) FILTER (before IS NULL)::DOUBLE AS n, sum(y - coalesce(before, 0)) AS y,
    sum(y * y - coalesce(before * before, 0)) AS yy
  FROM step WHERE y IS NOT NULL GROUP BY ALL`;
}

interface NoveltyOptions {
  readonly dialect: Dialect;
  readonly epoch: number;
  /** Days since exposure, from 0. */
  readonly days: number;
  readonly asOfMs: number;
}

const sinceExposure = `greatest(o.at_ms - u.first_ms, 0) // ${DAY_MS}`;

/** Per variant and day since exposure, over the units that have had that day: n, and sums of values and squares. */
export function noveltyDaysSql(metric: Metric, { dialect, epoch, days, asOfMs }: NoveltyOptions): string {
  const whole = `u.epoch = ${epoch} AND ${sinceExposure} < ${days}
      AND u.first_ms + (${sinceExposure} + 1) * ${DAY_MS} <= ${asOfMs}`;
  return `
  WITH had AS (
    SELECT variant, d.day, count(*)::DOUBLE AS n FROM unit u, (SELECT unnest(range(${days})) AS day) d
    WHERE u.state = 'analysed' AND u.epoch = ${epoch} AND u.first_ms + (d.day + 1) * ${DAY_MS} <= ${asOfMs}
    GROUP BY ALL
  ), did AS (
    SELECT variant, day, sum(y) AS y, sum(y * y) AS yy
    FROM (SELECT *, ${valueSoFar(metric)} AS y FROM (${unitDaysSql(metric, dialect, { day: sinceExposure, only: whole })}))
    GROUP BY ALL
  )
  SELECT variant, day::DOUBLE AS day, n, coalesce(y, 0) AS y, coalesce(yy, 0) AS yy
  FROM had LEFT JOIN did USING (variant, day)`;
}

/** Moments, per variant, of each unit's own slope over the days, of the units that have had all of them. */
export function noveltySlopesSql(metric: Metric, { dialect, epoch, days, asOfMs }: NoveltyOptions): string {
  const middle = (days - 1) / 2;
  const spread = (days * (days ** 2 - 1)) / 12;
  const whole = `u.epoch = ${epoch} AND ${sinceExposure} < ${days} AND u.first_ms + ${days * DAY_MS} <= ${asOfMs}`;
  return `
  SELECT u.variant, count(*)::DOUBLE AS n, avg(coalesce(slope, 0)) AS mean,
    coalesce(var_samp(coalesce(slope, 0)), 0) AS variance
  FROM unit u LEFT JOIN (
    SELECT unit_id, sum((day - ${middle}) * ${valueSoFar(metric)}) / ${spread} AS slope
    FROM (${unitDaysSql(metric, dialect, { day: sinceExposure, only: whole })}) GROUP BY unit_id
  ) s ON s.unit_id = u.unit_id
  WHERE u.state = 'analysed' AND u.epoch = ${epoch} AND u.first_ms + ${days * DAY_MS} <= ${asOfMs}
  GROUP BY u.variant`;
}

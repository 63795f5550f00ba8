import type { Metric } from '../../../experiments/metric.ts';
import type { Dialect } from './dialect.ts';
import { comparisons, filterOf, windowOf } from './tallies.ts';

export interface ValuesScope {
  readonly dialect: Dialect;
  /** Units of this epoch of weights only: quantiles of several do not add up. */
  readonly epoch: number;
  /** A condition on `u`: of the analysed units only these. */
  readonly only?: string;
}

/**
 * Every value of a quantile metric with its unit and variant: of outcomes in the metric's window, or of the gateway's
 * answers, over `outcome` or `exposure` and `unit`.
 */
export function valuesSql(metric: Metric, { dialect: { text, double }, epoch, only }: ValuesScope): string {
  const analysed = `u.state = 'analysed' AND u.epoch = ${epoch}${only === undefined ? '' : ` AND ${only}`}`;
  if (metric.source === 'gateway') {
    const value = {
      latency: 'e.latency_ms',
      error: 'CASE WHEN e.failed THEN 1 ELSE 0 END',
      fallback: 'CASE WHEN e.fallback THEN 1 ELSE 0 END',
      cost: 'e.cost',
    }[metric.value ?? 'latency'];
    return `
  SELECT u.unit_id, u.variant, CAST(${value} AS ${double}) AS v
  FROM exposure e JOIN unit u ON u.unit_id = e.unit_id
  WHERE ${analysed} AND e.latency_ms IS NOT NULL AND ${value} IS NOT NULL`;
  }
  const { fromMs, toMs } = windowOf(metric);
  const conditions = [
    analysed,
    `o.event = ${text(metric.event ?? '')}`,
    'o.value IS NOT NULL',
    '(u.until_ms IS NULL OR o.at_ms < u.until_ms)',
    `o.at_ms >= u.first_ms + (${fromMs})`,
    ...(toMs === null ? [] : [`o.at_ms < u.first_ms + ${toMs}`]),
    ...comparisons('o.value', filterOf(metric)),
  ];
  return `
  SELECT u.unit_id, u.variant, o.value AS v
  FROM outcome o JOIN unit u ON u.unit_id = o.unit_id WHERE ${conditions.join(' AND ')}`;
}

/** Number of values per variant. */
export const valueCountsSql = (values: string) =>
  `SELECT variant, COUNT(*) AS n FROM (${values}) v GROUP BY variant`;

/** The value at each rank, from 1, of each variant: `ranks` are given per variant. */
export function valuesAtRanksSql(
  values: string,
  ranks: ReadonlyMap<string, readonly number[]>,
  { text }: Dialect,
): string {
  const wanted = [...ranks].map(
    ([variant, of]) => `(variant = ${text(variant)} AND place IN (${[...new Set(of)].join(', ')}))`,
  );
  return `
  SELECT variant, place, v FROM (
    SELECT variant, v, ROW_NUMBER() OVER (PARTITION BY variant ORDER BY v) AS place FROM (${values}) a
  ) ranked WHERE ${wanted.join(' OR ')}`;
}

/** Per variant, over units: how many of the unit's values are at most the variant's quantile (y), of how many (x). */
export function sharesBelowSql(
  values: string,
  quantiles: ReadonlyMap<string, number>,
  { text, double }: Dialect,
): string {
  const limits = [
    'WHEN FALSE THEN 0',
    ...[...quantiles].map(([variant, value]) => `WHEN variant = ${text(variant)} THEN ${value}`),
  ];
  return `
  SELECT variant, COUNT(*) AS n, AVG(y) AS y, AVG(x) AS x, COALESCE(VAR_SAMP(y), 0) AS yy,
    COALESCE(COVAR_SAMP(y, x), 0) AS yx, COALESCE(VAR_SAMP(x), 0) AS xx
  FROM (
    SELECT unit_id, variant, CAST(COUNT(CASE WHEN v <= CASE ${limits.join(' ')} END THEN 1 END) AS ${double}) AS y,
      CAST(COUNT(*) AS ${double}) AS x
    FROM (${values}) a GROUP BY unit_id, variant
  ) per_unit GROUP BY variant`;
}

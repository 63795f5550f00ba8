import type { DuckDBConnection } from '@duckdb/node-api';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { LakeDigest } from './digest/lake-digest.ts';
import { duckDbDialect } from './sql/dialect.ts';
import { comparisons, DAY_MS, filterOf } from './sql/tallies.ts';

export interface PreviewRequest {
  readonly metric: Metric;
  /** Whose outcomes: `user`, `tenant`, … */
  readonly unit: string;
  /** How far back. */
  readonly days: number;
  readonly asOfMs: number;
}

interface Distribution {
  readonly count: number;
  readonly mean: number | null;
  readonly standardDeviation: number | null;
  readonly min: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** What a metric would have measured of recent records, whether or not an experiment ran. */
export interface MetricPreview {
  readonly from: string;
  readonly to: string;
  /** Records that match, and how many of them have a value. */
  readonly records: number;
  readonly withValue: number;
  /** Units with at least one. */
  readonly units: number;
  /** Of the records' values. */
  readonly values: Distribution;
  /** Of the units' totals: counts for a count or a proportion, else sums. */
  readonly perUnit: Distribution;
  readonly byDay: readonly { readonly day: string; readonly records: number; readonly units: number }[];
  /** In plain words; empty where the metric is ready for use. */
  readonly warnings: readonly string[];
}

/** Fewer units than this say little about a distribution. */
const FEW_UNITS = 100;
/** Of the total, held by the topmost percent of units: more, and the mean is theirs. */
const HEAVY_SHARE = 0.25;

/** Throws ObjectStoreError when the lake cannot be read, Problem `analysis-busy`. */
export function previewMetric(digest: LakeDigest, request: PreviewRequest): Promise<MetricPreview> {
  return digest.withCurrent(async (connection) => {
    await connection.run(`CREATE TEMP TABLE matching AS ${matchingSql(request, digest.lakeUris)}`);
    return readPreview(connection, request);
  });
}

/** One row per matching record: unit, day, value. */
function matchingSql({ metric, unit, days, asOfMs }: PreviewRequest, lakeUris: readonly string[]): string {
  const { text } = duckDbDialect(lakeUris);
  const within = `r.at_ms > ${asOfMs - days * DAY_MS} AND r.at_ms <= ${asOfMs}`;
  if (metric.source === 'gateway') {
    const value = {
      latency: 'r.latency_ms',
      error: 'c.failed::DOUBLE',
      fallback: 'c.fallback::DOUBLE',
      cost: 'r.cost',
    };
    return `SELECT r.unit_h AS unit, r.at_ms, ${value[metric.value ?? 'latency']} AS v
      FROM digest.exposure r JOIN digest.exposure_cell c ON c.cell = r.cell WHERE ${within}`;
  }
  const conditions = [
    within,
    `c.event = ${text(metric.event ?? '')}`,
    `c.unit_type = ${text(unit)}`,
    ...comparisons('r.value', filterOf(metric)),
  ];
  return `SELECT r.unit_h AS unit, r.at_ms, r.value AS v
    FROM digest.outcome r JOIN digest.outcome_cell c ON c.cell = r.cell WHERE ${conditions.join(' AND ')}`;
}

const distributionOf = (column: string) => `count(${column})::DOUBLE AS count, avg(${column}) AS mean,
  stddev_samp(${column}) AS "standardDeviation", min(${column})::DOUBLE AS min, max(${column})::DOUBLE AS max,
  quantile_cont(${column}, 0.5) AS p50, quantile_cont(${column}, 0.9) AS p90, quantile_cont(${column}, 0.99) AS p99`;

async function readPreview(
  connection: DuckDBConnection,
  { metric, days, asOfMs }: PreviewRequest,
): Promise<MetricPreview> {
  const counted = metric.kind === 'count' || metric.kind === 'proportion' || metric.kind === 'retention';
  const perUnit = `SELECT ${counted ? 'count(*)' : 'coalesce(sum(v), 0)'}::DOUBLE AS v FROM matching GROUP BY unit`;
  const only = async <Row>(sql: string): Promise<Row> => {
    const [row] = await rowsOf<Row>(connection, sql);
    if (row === undefined) throw new Error('an aggregate gave no row');
    return row;
  };
  const totals = await only<{ records: number; withValue: number; units: number }>(
    `SELECT count(*)::DOUBLE AS records, count(v)::DOUBLE AS "withValue", count(DISTINCT unit)::DOUBLE AS units FROM matching`,
  );
  const { share } = await only<{ share: number | null }>(
    `SELECT sum(v) FILTER (place <= greatest(1, units / 100)) / nullif(sum(v), 0) AS share
     FROM (SELECT v, row_number() OVER (ORDER BY v DESC) AS place, count(*) OVER () AS units FROM (${perUnit}))`,
  );
  return {
    from: new Date(asOfMs - days * DAY_MS).toISOString(),
    to: new Date(asOfMs).toISOString(),
    ...totals,
    values: await only(`SELECT ${distributionOf('v')} FROM matching`),
    perUnit: await only(`SELECT ${distributionOf('v')} FROM (${perUnit})`),
    byDay: await rowsOf(
      connection,
      `SELECT strftime(make_timestamp(at_ms * 1000), '%Y-%m-%d') AS day, count(*)::DOUBLE AS records,
         count(DISTINCT unit)::DOUBLE AS units FROM matching GROUP BY day ORDER BY day`,
    ),
    warnings: warningsOf(metric, totals, share ?? 0),
  };
}

function warningsOf(
  metric: Metric,
  { records, withValue, units }: Pick<MetricPreview, 'records' | 'withValue' | 'units'>,
  topShare: number,
): string[] {
  if (records === 0) {
    const what =
      metric.source === 'gateway' ? 'answers of an experiment' : `outcomes of the event "${metric.event}"`;
    return [`There were no ${what} that match: check the event, the unit and the filter.`];
  }
  const needsValue = metric.kind === 'mean' || metric.kind === 'sum' || metric.kind === 'quantile';
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return [
    ...(units < FEW_UNITS ? [`Only ${units} units have any: figures will be rough.`] : []),
    ...(needsValue && withValue < records
      ? [`${percent(1 - withValue / records)} of them have no value, and count for nothing.`]
      : []),
    ...(units >= FEW_UNITS &&
    topShare > HEAVY_SHARE &&
    metric.cap === undefined &&
    metric.kind !== 'proportion'
      ? [`The topmost 1 % of units hold ${percent(topShare)} of the total: consider a cap.`]
      : []),
  ];
}

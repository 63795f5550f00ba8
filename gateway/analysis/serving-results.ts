import type { DuckDBConnection } from '@duckdb/node-api';
import { execute, rowsOf } from '../pipeline/query.ts';

/** What the gateway did for one variant in one cloud, over every exposure. */
export interface ServingResult {
  readonly variant: string;
  /** Where the answer came from; null where no target answered. */
  readonly cloud: string | null;
  readonly exposures: number;
  readonly errors: number;
  readonly errorRate: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly fallbacks: number;
  /** Of all attempts for these answers, by the prices that targets declare; null where none declares one. */
  readonly cost: { readonly total: number; readonly perAnswer: number } | null;
}

/** What really answered for a variant. */
export interface AsServed {
  readonly variant: string;
  readonly target: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly cloud: string | null;
  readonly exposures: number;
}

/** Per variant and cloud that answered; the cloud is null where none did. Of what clients report nothing is known. */
const SERVING = `
  WITH counted AS (
    SELECT place, variant, cloud, sum(n) AS exposures, coalesce(sum(n) FILTER (failed), 0) AS errors,
      coalesce(sum(n) FILTER (fallback), 0) AS fallbacks, sum(priced) AS priced, sum(cost) AS cost
    FROM exposure_count WHERE served GROUP BY ALL
  ), timed AS (
    SELECT place, quantile_cont(latency_ms, [0.5, 0.95, 0.99]) AS latency
    FROM exposure WHERE latency_ms IS NOT NULL GROUP BY place
  )
  SELECT variant, cloud, exposures, errors, fallbacks, latency, priced, cost
  FROM counted JOIN timed USING (place) ORDER BY variant, cloud NULLS LAST`;

const AS_SERVED = `
  SELECT variant, served_target AS target, model, version, cloud, sum(n) AS exposures
  FROM exposure_count WHERE served GROUP BY ALL ORDER BY variant, exposures DESC, target`;

export async function servingOf(connection: DuckDBConnection): Promise<ServingResult[]> {
  type Row = Omit<ServingResult, 'errorRate' | 'latencyMs' | 'cost'> & {
    readonly latency: [number, number, number];
    readonly priced: number;
    readonly cost: number | null;
  };
  const rows = await rowsOf<Row>(connection, SERVING);
  return rows.map(({ latency: [p50, p95, p99], priced, cost, ...row }) => ({
    ...row,
    cost: cost === null ? null : { total: cost, perAnswer: cost / priced },
    errorRate: row.errors / row.exposures,
    latencyMs: { p50, p95, p99 },
  }));
}

export function asServedOf(connection: DuckDBConnection): Promise<AsServed[]> {
  return rowsOf<AsServed>(connection, AS_SERVED);
}

/** Outcomes that name the request they follow, by what answered it. */
export interface AttributedOutcomes extends Omit<AsServed, 'exposures'> {
  readonly event: string;
  readonly outcomes: number;
  /** Null where none has a value. */
  readonly meanValue: number | null;
}

export async function attributedOutcomesOf(connection: DuckDBConnection): Promise<AttributedOutcomes[]> {
  // Few outcomes name a request, or none: a table of them spares looking all exposures up.
  await execute(
    connection,
    'CREATE TEMP TABLE following AS SELECT request_h, event, value FROM outcome WHERE request_h IS NOT NULL',
    {},
  );
  return rowsOf<AttributedOutcomes>(
    connection,
    `SELECT e.variant, e.served_target AS target, e.model, e.version, e.cloud, o.event,
       count(*)::DOUBLE AS outcomes, avg(o.value) AS "meanValue"
     FROM following o JOIN exposure e ON e.id_h = o.request_h
     GROUP BY ALL ORDER BY ALL`,
  );
}

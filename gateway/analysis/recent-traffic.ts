import type { DuckDBConnection } from '@duckdb/node-api';
import { parseLakeObjectName } from '../pipeline/lake-object.ts';
import type { LakeReader, LakeSource } from '../pipeline/lake-reader.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { RecordKind } from '../pipeline/spool-layout.ts';

/** Points of a line that shows how much there was. */
const BUCKETS = 24;

export interface RecentTraffic {
  readonly from: string;
  readonly to: string;
  readonly experiments: readonly {
    readonly experiment: string;
    /** In each twenty-fourth of the time, the oldest first. */
    readonly exposures: readonly number[];
  }[];
  readonly targets: readonly TargetTraffic[];
  readonly shadows: readonly ShadowTraffic[];
}

/** Calls of a target for requests; those that only compare are not among them. */
interface TargetTraffic {
  readonly target: string;
  readonly cloud: string;
  readonly region: string;
  readonly calls: number;
  /** The target's fault. */
  readonly failed: number;
  /** Of those answered; null where none was. */
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
  /** By its declared price; null where it declares none. */
  readonly cost: number | null;
}

/** Calls of a target only to compare: how its answers differ from those that clients got. */
interface ShadowTraffic {
  readonly endpoint: string;
  readonly target: string;
  readonly calls: number;
  readonly failed: number;
  readonly same: number;
  readonly different: number;
  /** Mean of the largest relative difference of two numbers; null where there are none to compare. */
  readonly distance: number | null;
  /** Mean share of the top of the ranking that both have. */
  readonly overlap: number | null;
  readonly p95Ms: number;
  /** The newest excerpt of both answers, one that differs where there is one. */
  readonly sample: string | null;
}

interface Span {
  readonly fromMs: number;
  readonly asOfMs: number;
}

/**
 * What of the lake's last hours tells how things go: traffic by experiment, targets, shadows. Reads the files of those
 * days only. What is in spools is not in it. Throws ObjectStoreError when the lake cannot be read.
 */
export async function recentTraffic(reader: LakeReader, span: Span): Promise<RecentTraffic> {
  const [exposures, invocations] = await Promise.all([
    readSince(reader, 'exposures', span, exposuresByBucket),
    readSince(reader, 'invocations', span, callsByTarget),
  ]);
  return {
    from: new Date(span.fromMs).toISOString(),
    to: new Date(span.asOfMs).toISOString(),
    experiments: exposures,
    ...invocations,
  };
}

type Query<Result> = (connection: DuckDBConnection, source: LakeSource, span: Span) => Promise<Result>;

async function readSince<Result>(
  reader: LakeReader,
  kind: RecordKind,
  span: Span,
  query: Query<Result>,
): Promise<Result> {
  const firstDate = new Date(span.fromMs).toISOString().slice(0, 10);
  const objects = (await reader.objects(kind)).filter(
    ({ name }) => (parseLakeObjectName(name)?.date ?? '') >= firstDate,
  );
  const ask = async (of: typeof objects) => {
    const source = await reader.sourceOf(kind, of);
    return reader.withConnection((connection) => query(connection, source, span));
  };
  try {
    return await ask(objects);
  } catch (error) {
    return ask((await reader.readableOf(objects, error)) as typeof objects);
  }
}

const within = ({ fromMs, asOfMs }: Span) =>
  `epoch_ms("at") > ${Math.round(fromMs)} AND epoch_ms("at") <= ${Math.round(asOfMs)}`;

async function exposuresByBucket(
  connection: DuckDBConnection,
  { sql, parameters }: LakeSource,
  span: Span,
): Promise<RecentTraffic['experiments']> {
  const bucketMs = (span.asOfMs - span.fromMs) / BUCKETS;
  const rows = await rowsOf<{ experiment: string; bucket: number; n: number }>(
    connection,
    `SELECT experiment, least(${BUCKETS - 1}, floor((epoch_ms("at") - ${span.fromMs}) / ${bucketMs}))::INTEGER AS bucket,
       count(*)::DOUBLE AS n
     FROM ${sql} WHERE ${within(span)} GROUP BY ALL ORDER BY experiment`,
    parameters,
  );
  return [...Map.groupBy(rows, ({ experiment }) => experiment)].map(([experiment, own]) => ({
    experiment,
    exposures: Array.from(
      { length: BUCKETS },
      (_, bucket) => own.find((row) => row.bucket === bucket)?.n ?? 0,
    ),
  }));
}

async function callsByTarget(
  connection: DuckDBConnection,
  { sql, parameters }: LakeSource,
  span: Span,
): Promise<Pick<RecentTraffic, 'targets' | 'shadows'>> {
  const calls = `(SELECT * FROM ${sql} WHERE ${within(span)})`;
  const targets = await rowsOf<Omit<TargetTraffic, 'latencyMs'> & { latency: [number, number] | null }>(
    connection,
    `SELECT target, cloud, region, count(*)::DOUBLE AS calls,
       (count(*) FILTER (outcome = 'failed'))::DOUBLE AS failed, sum(cost) AS cost,
       quantile_cont(latency_ms, [0.5, 0.95]) FILTER (outcome = 'answered') AS latency
     FROM ${calls} WHERE call <> 'shadow' GROUP BY ALL ORDER BY target`,
    parameters,
  );
  const shadows = await rowsOf<ShadowTraffic>(
    connection,
    `SELECT endpoint, target, count(*)::DOUBLE AS calls,
       (count(*) FILTER (outcome = 'failed'))::DOUBLE AS failed,
       (count(*) FILTER (difference IN ('none', 'within-tolerance')))::DOUBLE AS same,
       (count(*) FILTER (difference IN ('values', 'shape')))::DOUBLE AS different,
       avg(distance) AS distance, avg(overlap) AS overlap, quantile_cont(latency_ms, 0.95) AS "p95Ms",
       coalesce(
         max_by(sample, "at") FILTER (sample IS NOT NULL AND difference IN ('values', 'shape')),
         max_by(sample, "at") FILTER (sample IS NOT NULL)) AS sample
     FROM ${calls} WHERE call = 'shadow' GROUP BY ALL ORDER BY endpoint, target`,
    parameters,
  );
  return {
    targets: targets.map(({ latency, ...row }) => ({
      ...row,
      latencyMs: latency === null ? null : { p50: latency[0], p95: latency[1] },
    })),
    shadows,
  };
}

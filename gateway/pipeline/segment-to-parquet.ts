import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { literalPath } from './duckdb.ts';
import { LAKE_TENANT_PATTERN, lakeObjectName } from './lake-object.ts';
import { LAKE_COLUMNS, LAKE_SCHEMA_VERSION, type LakeColumn } from './lake-schema.ts';
import type { SealedSegment } from './sealed-segments.ts';
import type { RecordKind } from './spool-layout.ts';

export interface ConvertedSegment {
  /** One Parquet file per tenant and UTC day, with the name of the object that it is to become. */
  readonly files: readonly { readonly path: string; readonly objectName: string }[];
  readonly records: number;
  /** Lines that are not JSON, or lack a required field, or have a tenant that is no key. */
  readonly corruptLines: number;
}

/** Year 2000 to 2100: an instant outside is damage, and would make partitions that nobody ever reads. */
const EARLIEST_MS = Date.UTC(2000, 0);
const LATEST_MS = Date.UTC(2100, 0);

/**
 * Turns a sealed segment into Parquet files in `scratchDirectory`. A damaged line is counted and left out; it
 * stops nothing. The rows of a file are in one order, so a second run writes the same file.
 */
export async function segmentToParquet(
  duckDb: DuckDBInstance,
  { path, kind, id }: SealedSegment,
  scratchDirectory: string,
): Promise<ConvertedSegment> {
  const connection = await duckDb.connect();
  try {
    await connection.run(readSegmentSql(kind), {
      path: literalPath(path),
      tenantPattern: LAKE_TENANT_PATTERN,
      earliestMs: BigInt(EARLIEST_MS),
      latestMs: BigInt(LATEST_MS),
    });
    const files = [];
    for (const [index, { tenant, date }] of (await partitions(connection)).entries()) {
      const file = join(scratchDirectory, `${id}-${index}.parquet`);
      await connection.run(writePartitionSql(kind), { tenant, date, file });
      files.push({
        path: file,
        objectName: lakeObjectName({ kind, tenant, date, content: { of: 'segment', segment: id } }),
      });
    }
    return { files, ...(await lineCounts(connection)) };
  } finally {
    // A temporary table lives as long as its connection.
    connection.closeSync();
  }
}

/** Every line becomes a row; `valid` says whether it is a whole record. */
function readSegmentSql(kind: RecordKind): string {
  const columns = Object.entries(LAKE_COLUMNS[kind]);
  const shape = Object.fromEntries([
    ['tenant', 'VARCHAR'],
    ...columns.map(([field, { type }]) => [field, type === 'TIMESTAMPTZ' ? 'BIGINT' : type]),
  ]);
  const required = columns
    .filter(([, { nullable }]) => !nullable)
    .map(([field]) => `r."${field}" IS NOT NULL`);
  const instants = columns.filter(([, { type }]) => type === 'TIMESTAMPTZ');
  const inRange = instants.map(([field]) => `r."${field}" BETWEEN $earliestMs AND $latestMs`);
  return `
    CREATE TEMP TABLE line AS
    SELECT r, coalesce(regexp_full_match(r.tenant, $tenantPattern) AND ${[...required, ...inRange].join(' AND ')}, false) AS valid,
      r.tenant AS tenant, CASE WHEN valid THEN strftime(make_timestamp_ms(r."at"), '%Y-%m-%d') END AS date
    FROM (
      SELECT json_transform(json, '${JSON.stringify(shape)}') AS r
      FROM read_ndjson_objects($path, ignore_errors = true)
    )`;
}

function writePartitionSql(kind: RecordKind): string {
  const columns = Object.entries(LAKE_COLUMNS[kind]).map(
    ([field, column]) => `${columnSql(field, column)} AS "${column.name}"`,
  );
  return `
    COPY (
      SELECT ${columns.join(', ')} FROM line
      WHERE valid AND tenant = $tenant AND date = $date ORDER BY r."at", r.id, r
    ) TO $file (FORMAT parquet, COMPRESSION zstd, KV_METADATA { schema_version: '${LAKE_SCHEMA_VERSION}' })`;
}

/** From microseconds, for a cast from TIMESTAMP would read the clock of this machine's time zone into it. */
function columnSql(field: string, { type }: LakeColumn): string {
  return type === 'TIMESTAMPTZ' ? `make_timestamptz(r."${field}" * 1000)` : `r."${field}"`;
}

async function partitions(connection: DuckDBConnection): Promise<{ tenant: string; date: string }[]> {
  const reader = await connection.runAndReadAll(
    'SELECT DISTINCT tenant, date FROM line WHERE valid ORDER BY ALL',
  );
  return reader.getRows().map(([tenant, date]) => ({ tenant: String(tenant), date: String(date) }));
}

async function lineCounts(connection: DuckDBConnection): Promise<{ records: number; corruptLines: number }> {
  const reader = await connection.runAndReadAll(
    'SELECT count(*) FILTER (valid), count(*) FILTER (NOT valid) FROM line',
  );
  const [records, corruptLines] = reader.getRows()[0] ?? [];
  return { records: Number(records), corruptLines: Number(corruptLines) };
}

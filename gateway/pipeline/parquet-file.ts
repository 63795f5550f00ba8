import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { literalPath } from './duckdb.ts';
import { LAKE_COLUMNS, LAKE_SCHEMA_VERSION } from './lake-schema.ts';
import { execute, rowsOf } from './query.ts';
import { decodeSegments, encodeSegments } from './segment-set.ts';
import type { RecordKind } from './spool-layout.ts';

/** The segments whose rows a compacted file holds, as its metadata says. */
export async function segmentsInFile(connection: DuckDBConnection, path: string): Promise<Set<string>> {
  const rows = await rowsOf<{ text: string }>(
    connection,
    "SELECT decode(value) AS text FROM parquet_kv_metadata($path) WHERE key = 'segments'",
    { path: { value: literalPath(path), type: VARCHAR } },
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`${path} does not say which segments it holds`);
  return decodeSegments(row.text);
}

/** A kind's columns without rows: DuckDB refuses to read no files at all, and older files lack newer columns. */
export function emptyRelation(kind: RecordKind): string {
  const columns = Object.values(LAKE_COLUMNS[kind]).map(({ name, type }) => `NULL::${type} AS "${name}"`);
  return `(SELECT ${columns.join(', ')} WHERE false)`;
}

/** What a merge is made of. */
export interface Merge {
  readonly kind: RecordKind;
  readonly inputs: readonly string[];
  readonly segments: Iterable<string>;
  readonly output: string;
}

/**
 * Writes the rows of files into one, and the ids of their segments into its metadata. Throws when the output has
 * not as many rows as the inputs together, or an input cannot be read.
 */
export async function mergeFiles(connection: DuckDBConnection, merge: Merge): Promise<void> {
  const files = { value: listValue(merge.inputs.map(literalPath)), type: LIST(VARCHAR) };
  const output = { value: merge.output, type: VARCHAR };
  await execute(connection, mergeSql(merge), { files, output });
  const before = await rowCount(connection, merge.inputs);
  const after = await rowCount(connection, [merge.output]);
  if (before !== after) throw new Error(`a merge of ${before} rows came to ${after}`);
}

function mergeSql({ kind, segments }: Merge): string {
  const columns = Object.values(LAKE_COLUMNS[kind]).map(({ name }) => `"${name}"`);
  const held = encodeSegments(segments).replaceAll("'", "''");
  return `
    COPY (
      SELECT ${columns.join(', ')} FROM (
        FROM read_parquet($files, union_by_name = true, hive_partitioning = false)
        UNION ALL BY NAME FROM ${emptyRelation(kind)}
      ) ORDER BY "at", id
    ) TO $output (
      FORMAT parquet, COMPRESSION zstd,
      KV_METADATA { schema_version: '${LAKE_SCHEMA_VERSION}', segments: '${held}' }
    )`;
}

/** By the files' own metadata. */
async function rowCount(connection: DuckDBConnection, paths: readonly string[]): Promise<number> {
  const [row] = await rowsOf<{ rows: number }>(
    connection,
    'SELECT sum(num_rows)::DOUBLE AS rows FROM parquet_file_metadata($files)',
    { files: { value: listValue(paths.map(literalPath)), type: LIST(VARCHAR) } },
  );
  return row?.rows ?? 0;
}

import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { RecordKind } from '../../gateway/pipeline/spool-layout.ts';

/** Every row of one kind in a gateway's lake on disk, read as anybody would: Parquet by its files, nothing else. */
export async function readLake(dataDir: string, kind: RecordKind): Promise<Record<string, unknown>[]> {
  const root = join(dataDir, 'lake', kind);
  const files = existsSync(root)
    ? globSync('**/*.parquet', { cwd: root }).map((name) => join(root, name))
    : [];
  if (files.length === 0) return [];
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      "SELECT * FROM read_parquet($files, hive_partitioning = true, hive_types = {'tenant': VARCHAR})",
      { files: listValue(files) },
      { files: LIST(VARCHAR) },
    );
    return reader.getRowObjectsJson() as Record<string, unknown>[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

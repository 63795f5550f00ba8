import { DuckDBInstance } from '@duckdb/node-api';

export interface DuckDbLimits {
  readonly memoryLimitMb: number;
  /** DuckDB's own threads; the event loop is never one of them. */
  readonly threads: number;
  /** Where a query that outgrows the memory limit spills. */
  readonly scratchDirectory: string;
}

/** DuckDB in this process, in memory, within limits. Never reaches for the network: no extension is fetched. */
export function openDuckDb({
  memoryLimitMb,
  threads,
  scratchDirectory,
}: DuckDbLimits): Promise<DuckDBInstance> {
  return DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryLimitMb}MB`,
    threads: String(threads),
    temp_directory: scratchDirectory,
    // Keeping the order of rows that no query asks for costs memory.
    preserve_insertion_order: 'false',
    // It goes by size and whole seconds: a file that was mended would still be read as it was.
    enable_external_file_cache: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

/** A path that DuckDB's readers take letter by letter: they would expand `*`, `?` and `[` in it. */
export function literalPath(path: string): string {
  return path.replaceAll(/[*?[]/g, '[$&]');
}

import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type ObjectInfo, type ObjectStore, ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { literalPath } from './duckdb.ts';
import { rowsOf } from './query.ts';
import { readObject } from './write-once.ts';

/** What DuckDB says of a file that is there and is not what it should be; lack of memory is no damage. */
const DAMAGE = /^(Invalid|IO Error|Serialization Error|TProtocolException|don't know)/;
const NO_FILE = 'No files found';

const READ_EVERY_VALUE = 'SELECT bit_xor(hash(row)) FROM read_parquet($files, union_by_name = true) AS row';

/**
 * Whether every value of these Parquet files can be read. A file that is gone is not damaged. A flipped bit that leaves
 * the encoding intact is not found: that is what the store's own checksums are for.
 */
export async function areReadable(connection: DuckDBConnection, paths: readonly string[]): Promise<boolean> {
  try {
    const files = { value: listValue(paths.map(literalPath)), type: LIST(VARCHAR) };
    await rowsOf(connection, READ_EVERY_VALUE, { files });
    return true;
  } catch (error) {
    if (isDamage(error)) return false;
    if (error instanceof Error && error.message.includes(NO_FILE)) return true;
    throw error;
  }
}

/** Whether an error of a query may come from a damaged file. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && DAMAGE.test(error.message) && !error.message.includes(NO_FILE);
}

/** Moves an object out of the lake, to the same name under `quarantine/`, where only people look. */
export async function quarantineObject(lake: ObjectStore, { name }: ObjectInfo): Promise<void> {
  try {
    await lake.write(`quarantine/${name}`, await readObject(lake, name));
    await lake.remove(name);
  } catch (error) {
    // Another process was faster.
    if (!(error instanceof ObjectStoreError && error.code === 'not-found')) throw error;
  }
}

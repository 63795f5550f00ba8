import { type DuckDBConnection, INTEGER, LIST, listValue } from '@duckdb/node-api';
import { execute } from '../../pipeline/query.ts';
import type { DigestTable } from './digest-schema.ts';
import { inTransaction } from './in-transaction.ts';

/**
 * Takes out the rows of files that have gone. Where one of them had the copy of a record that counts, the files with
 * the other copies go as well, and theirs in turn: they are read anew.
 */
export async function forgetFiles(
  connection: DuckDBConnection,
  table: DigestTable,
  gone: readonly number[],
): Promise<void> {
  if (gone.length === 0) return;
  await inTransaction(connection, async () => {
    await execute(connection, LEAVING, { gone: { value: listValue([...gone]), type: LIST(INTEGER) } });
    for (const [from, column] of [
      [table.rows, 'file'],
      ['file', 'file'],
      ['overlap', 'kept'],
      ['overlap', 'dropped'],
    ]) {
      const sql = `DELETE FROM digest.${from} WHERE ${column} IN (SELECT file FROM leaving)`;
      await execute(connection, sql, {});
    }
    await execute(connection, 'DROP TABLE leaving', {});
  });
}

const LEAVING = `
  CREATE TEMP TABLE leaving AS
  WITH RECURSIVE file(file) AS (
    SELECT unnest($gone) UNION SELECT dropped FROM digest.overlap JOIN file ON kept = file.file
  ) FROM file`;

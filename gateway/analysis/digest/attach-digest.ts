import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { rowsOf } from '../../pipeline/query.ts';
import { Problem } from '../../problems.ts';
import { createDigestSql, DIGEST_VERSION } from './digest-schema.ts';

/** How long another process may have the digest. */
const BUSY_TIMEOUT_MS = 60_000;
const BUSY_PAUSE_MS = 100;

/**
 * Attaches the digest in that file to the connection, as `digest`: an empty one where there is none that this
 * version reads. Waits while another process has it; throws Problem `analysis-busy` after a minute.
 */
export async function attachDigest(connection: DuckDBConnection, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      await attach(connection, path);
      break;
    } catch (error) {
      if (!isLocked(error)) {
        // Damaged, or of a DuckDB that this one does not read: it is only a copy.
        await remove(path);
        await attach(connection, path);
        break;
      }
      if (Date.now() > deadline) {
        throw new Problem('analysis-busy', 'another process has been analysing for a minute: try again', {
          cause: error,
        });
      }
      await sleep(BUSY_PAUSE_MS);
    }
  }
  if (await isCurrent(connection)) return;
  await connection.run('DETACH digest');
  await remove(path);
  await attach(connection, path);
  await connection.run(createDigestSql('digest'));
}

async function attach(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS digest`);
}

async function remove(path: string): Promise<void> {
  for (const file of [path, `${path}.wal`]) await rm(file, { force: true });
}

async function isCurrent(connection: DuckDBConnection): Promise<boolean> {
  const tables = await rowsOf(
    connection,
    "SELECT 1 FROM duckdb_tables() WHERE database_name = 'digest' AND table_name = 'about'",
  );
  if (tables.length === 0) return false;
  const about = await rowsOf(
    connection,
    `SELECT 1 FROM digest.about WHERE digest_version = ${DIGEST_VERSION} AND duckdb_version = version()`,
  );
  return about.length === 1;
}

/** DuckDB says so in words only. */
function isLocked(error: unknown): boolean {
  return (
    error instanceof Error &&
    /could not set lock|conflicting lock|already attached|being used/i.test(error.message)
  );
}

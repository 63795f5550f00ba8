import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DuckDBConnection, INTEGER, LIST, listValue } from '@duckdb/node-api';
import type { ObjectInfo } from '../../../models/artifacts/object-store.ts';
import type { LakeReader } from '../../pipeline/lake-reader.ts';
import { execute, rowsOf } from '../../pipeline/query.ts';
import { Problem } from '../../problems.ts';
import { createDigestSql, DIGEST_TABLES, DIGEST_VERSION, type DigestTable } from './digest-schema.ts';
import { ingestFiles } from './ingest-files.ts';

/** Parquet read at a time: bounds memory, and what is done again after a crash. */
const BATCH_BYTES = 64 * 1024 * 1024;
/** How long another process may have the digest. */
const BUSY_TIMEOUT_MS = 60_000;
const BUSY_PAUSE_MS = 100;

/** What the digest holds when it is asked. */
export interface DigestState {
  /** SHA-256 over the names and tags of every file, hex: the same files give the same results. */
  readonly fingerprint: string;
  readonly files: number;
  /** Files read for this, out of all. */
  readonly filesRead: number;
}

type LakeListing = ReadonlyMap<DigestTable, readonly ObjectInfo[]>;

/**
 * The lake, narrowed to what analysis needs, in one DuckDB file on this machine: a refresh reads only the files that
 * it has not read. It depends on no experiment and no metric, and may be deleted at any time. Always equal to the
 * lake as listed: the rows of files that have gone (compaction, retention) go, copies of a record fall to its id.
 * Ids and units are kept as 64-bit hashes within their tenant: two of n would meet with probability n²/2^65.
 */
export class LakeDigest {
  readonly #lake: LakeReader;
  readonly #path: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(lake: LakeReader, path: string) {
    this.#lake = lake;
    this.#path = path;
  }

  get lakeUri(): string {
    return this.#lake.uri;
  }

  /** What the lake holds now, without reading any of it. */
  async fingerprint(): Promise<string> {
    return fingerprintOf(await this.#list());
  }

  /**
   * Brings the digest up to the lake, then works with it as `digest` on a connection, one at a time over all
   * processes. Throws ObjectStoreError when the lake cannot be read, Problem `analysis-busy`.
   */
  withCurrent<Result>(
    work: (connection: DuckDBConnection, state: DigestState) => Promise<Result>,
  ): Promise<Result> {
    const turn = this.#turn.then(() =>
      this.#lake.withConnection(async (connection) => {
        await this.#attach(connection);
        try {
          return await work(connection, await this.#refresh(connection));
        } finally {
          await connection.run('DETACH digest');
        }
      }),
    );
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #attach(connection: DuckDBConnection): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const deadline = Date.now() + BUSY_TIMEOUT_MS;
    for (;;) {
      try {
        await connection.run(`ATTACH '${this.#path.replaceAll("'", "''")}' AS digest`);
        break;
      } catch (error) {
        if (!isLocked(error)) {
          // Damaged, or of a DuckDB that this one does not read: it is only a copy.
          await this.#remove();
          await connection.run(`ATTACH '${this.#path.replaceAll("'", "''")}' AS digest`);
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
    await this.#remove();
    await connection.run(`ATTACH '${this.#path.replaceAll("'", "''")}' AS digest`);
    await connection.run(createDigestSql('digest'));
  }

  async #remove(): Promise<void> {
    for (const path of [this.#path, `${this.#path}.wal`]) await rm(path, { force: true });
  }

  async #refresh(connection: DuckDBConnection): Promise<DigestState> {
    const listing = await this.#list();
    let filesRead = 0;
    for (const [table, objects] of listing) filesRead += await this.#bringUp(connection, table, objects);
    const files = [...listing.values()].reduce((sum, objects) => sum + objects.length, 0);
    return { fingerprint: fingerprintOf(listing), files, filesRead };
  }

  async #list(): Promise<LakeListing> {
    const listing = new Map<DigestTable, readonly ObjectInfo[]>();
    for (const table of DIGEST_TABLES) listing.set(table, await this.#lake.objects(table.kind));
    return listing;
  }

  /** Forgets what has gone, reads what is new; the number of files read. */
  async #bringUp(
    connection: DuckDBConnection,
    table: DigestTable,
    objects: readonly ObjectInfo[],
  ): Promise<number> {
    const known = await rowsOf<{ file: number; name: string; tag: string }>(
      connection,
      `SELECT file, name, tag FROM digest.file WHERE kind = '${table.kind}'`,
    );
    const wanted = new Set(objects.map(identity));
    await forgetFiles(
      connection,
      table,
      known.filter((file) => !wanted.has(identity(file))).map(({ file }) => file),
    );
    const kept = new Set(
      (
        await rowsOf<{ name: string; tag: string }>(
          connection,
          `SELECT name, tag FROM digest.file WHERE kind = '${table.kind}'`,
        )
      ).map(identity),
    );
    const added = objects.filter((object) => !kept.has(identity(object)));
    for (const batch of batches(added)) await this.#readWhole(connection, table, batch);
    return added.length;
  }

  /** What is damaged is left out: the next listing has it no more. */
  async #readWhole(
    connection: DuckDBConnection,
    table: DigestTable,
    objects: readonly ObjectInfo[],
  ): Promise<void> {
    try {
      await this.#read(connection, table, objects);
    } catch (error) {
      await this.#read(connection, table, await this.#lake.readableOf(objects, error));
    }
  }

  async #read(
    connection: DuckDBConnection,
    table: DigestTable,
    objects: readonly ObjectInfo[],
  ): Promise<void> {
    if (objects.length === 0) return;
    const paths = await this.#lake.pathsOf(objects);
    const [next] = await rowsOf<{ file: number }>(
      connection,
      'SELECT coalesce(max(file), 0) + 1 AS file FROM digest.file',
    );
    const firstFile = next?.file ?? 1;
    await inTransaction(connection, async () => {
      await ingestFiles(connection, table, { paths, firstFile });
      for (const [index, { name, tag }] of objects.entries()) {
        await connection.run('INSERT INTO digest.file VALUES ($file, $kind, $name, $tag)', {
          file: firstFile + index,
          kind: table.kind,
          name,
          tag,
        });
        await this.#lake.forget(objects);
      }
    });
  }
}

/**
 * Takes out the rows of files that have gone. Where one of them had the copy of a record that counts, the files with
 * the other copies are taken out too, to be read again.
 */
async function forgetFiles(
  connection: DuckDBConnection,
  table: DigestTable,
  gone: readonly number[],
): Promise<void> {
  if (gone.length === 0) return;
  const parameters = { gone: { value: listValue([...gone]), type: LIST(INTEGER) } };
  await inTransaction(connection, async () => {
    await execute(
      connection,
      `CREATE TEMP TABLE leaving AS
       WITH RECURSIVE file(file) AS (
         SELECT unnest($gone) UNION SELECT dropped FROM digest.overlap JOIN file ON kept = file.file
       ) FROM file`,
      parameters,
    );
    for (const [from, column] of [
      [table.rows, 'file'],
      ['file', 'file'],
      ['overlap', 'kept'],
      ['overlap', 'dropped'],
    ]) {
      await execute(
        connection,
        `DELETE FROM digest.${from} WHERE ${column} IN (SELECT file FROM leaving)`,
        {},
      );
    }
    await execute(connection, 'DROP TABLE leaving', {});
  });
}

async function inTransaction(connection: DuckDBConnection, work: () => Promise<void>): Promise<void> {
  await connection.run('BEGIN');
  try {
    await work();
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK');
    throw error;
  }
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

function* batches(objects: readonly ObjectInfo[]): Generator<ObjectInfo[]> {
  let batch: ObjectInfo[] = [];
  let bytes = 0;
  for (const object of objects) {
    if (batch.length > 0 && bytes + object.sizeBytes > BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(object);
    bytes += object.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

const identity = ({ name, tag }: { readonly name: string; readonly tag: string }) => `${name}\n${tag}`;

function fingerprintOf(listing: LakeListing): string {
  const hash = createHash('sha256').update(`digest ${DIGEST_VERSION}`);
  for (const objects of listing.values()) for (const object of objects) hash.update(`\n${identity(object)}`);
  return hash.digest('hex');
}

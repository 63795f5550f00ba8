import { createHash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { LakeReader } from '../../pipeline/lake-reader.ts';
import { attachDigest } from './attach-digest.ts';
import { bringUp, identity, type LakeObject } from './bring-up.ts';
import { DIGEST_TABLES, DIGEST_VERSION, type DigestTable } from './digest-schema.ts';

/** What the digest holds when it is asked. */
export interface DigestState {
  /** SHA-256 over the names and tags of every file, hex: the same files give the same results. */
  readonly fingerprint: string;
  readonly files: number;
  /** Files read for this, out of all. */
  readonly filesRead: number;
}

type LakeListing = ReadonlyMap<DigestTable, readonly LakeObject[]>;

/**
 * Lakes, narrowed to what analysis needs, in one DuckDB file on this machine: a refresh reads only the files that
 * it has not read. It depends on no experiment and no metric, and may be deleted at any time. Always equal to the
 * lakes as listed: the rows of files that have gone (compaction, retention) go, copies of a record fall to its id.
 * Ids and units are kept as 64-bit hashes within their tenant: two of n would meet with probability n²/2^65.
 */
export class LakeDigest {
  readonly #lakes: readonly [LakeReader, ...LakeReader[]];
  readonly #path: string;
  #turn: Promise<unknown> = Promise.resolve();

  /** The first of the lakes does the reading. */
  constructor(lakes: readonly [LakeReader, ...LakeReader[]], path: string) {
    this.#lakes = lakes;
    this.#path = path;
  }

  get lakeUris(): string[] {
    return this.#lakes.map(({ uri }) => uri);
  }

  /** What the lakes hold now, without reading any of it. */
  async fingerprint(): Promise<string> {
    return fingerprintOf(await this.#list());
  }

  /**
   * Brings the digest up to the lakes, then works with it as `digest` on a connection, one at a time over all
   * processes. Throws ObjectStoreError when one of them cannot be read, Problem `analysis-busy`.
   */
  withCurrent<Result>(
    work: (connection: DuckDBConnection, state: DigestState) => Promise<Result>,
  ): Promise<Result> {
    const turn = this.#turn.then(() =>
      this.#lakes[0].withConnection(async (connection) => {
        await attachDigest(connection, this.#path);
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

  async #refresh(connection: DuckDBConnection): Promise<DigestState> {
    const listing = await this.#list();
    let filesRead = 0;
    for (const [table, objects] of listing) filesRead += await bringUp(connection, table, objects);
    const files = [...listing.values()].reduce((sum, objects) => sum + objects.length, 0);
    return { fingerprint: fingerprintOf(listing), files, filesRead };
  }

  async #list(): Promise<LakeListing> {
    const listing = new Map<DigestTable, LakeObject[]>();
    for (const table of DIGEST_TABLES) {
      const found = await Promise.all(
        this.#lakes.map(async (lake) => (await lake.objects(table.kind)).map((object) => ({ lake, object }))),
      );
      listing.set(table, found.flat());
    }
    return listing;
  }
}

function fingerprintOf(listing: LakeListing): string {
  const hash = createHash('sha256').update(`digest ${DIGEST_VERSION}`);
  for (const objects of listing.values()) for (const object of objects) hash.update(`\n${identity(object)}`);
  return hash.digest('hex');
}

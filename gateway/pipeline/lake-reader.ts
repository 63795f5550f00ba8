import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { type DuckDBConnection, type DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { ObjectInfo, ObjectStore } from '../../models/artifacts/object-store.ts';
import { literalPath, openDuckDb } from './duckdb.ts';
import { parseLakeObjectName } from './lake-object.ts';
import { LAKE_COLUMNS } from './lake-schema.ts';
import type { Parameters } from './query.ts';
import type { RecordKind } from './spool-layout.ts';

const PARALLEL_DOWNLOADS = 8;

export interface LakeReaderOptions {
  readonly lake: ObjectStore;
  /** Copies of objects that are not on this machine, and DuckDB's spill files. May be deleted at any time but a run. */
  readonly cacheDirectory: string;
  readonly memoryLimitMb?: number;
  readonly threads?: number;
}

/** A kind's rows as DuckDB reads them: a table expression with its parameters, to be bound in the query around it. */
export interface LakeSource {
  readonly sql: string;
  readonly parameters: Parameters;
}

/** Reads the lake with DuckDB: in place where it is a directory, else from copies kept by name and tag. */
export class LakeReader {
  readonly #lake: ObjectStore;
  readonly #cacheDirectory: string;
  readonly #duckDb: DuckDBInstance;

  static async open({
    lake,
    cacheDirectory,
    memoryLimitMb = 1_024,
    threads = 2,
  }: LakeReaderOptions): Promise<LakeReader> {
    const scratchDirectory = join(cacheDirectory, 'scratch');
    await mkdir(scratchDirectory, { recursive: true });
    return new LakeReader({
      lake,
      cacheDirectory,
      duckDb: await openDuckDb({ memoryLimitMb, threads, scratchDirectory }),
    });
  }

  private constructor(parts: { lake: ObjectStore; cacheDirectory: string; duckDb: DuckDBInstance }) {
    this.#lake = parts.lake;
    this.#cacheDirectory = parts.cacheDirectory;
    this.#duckDb = parts.duckDb;
  }

  get uri(): string {
    return this.#lake.uri;
  }

  /** A connection of its own for `work`; its temporary tables go with it. */
  async withConnection<Result>(work: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
    const connection = await this.#duckDb.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  }

  /** Everything of one kind that is in the lake now. Throws ObjectStoreError when the store cannot be read. */
  async source(kind: RecordKind): Promise<LakeSource> {
    const paths = await this.pathsOf(await this.objects(kind));
    return paths.length === 0 ? emptySource(kind) : parquetSource(kind, paths);
  }

  /** What objects of one kind are in the lake now. Throws ObjectStoreError when the store cannot be read. */
  async objects(kind: RecordKind): Promise<ObjectInfo[]> {
    const found: ObjectInfo[] = [];
    for await (const object of this.#lake.list(`${kind}/`)) {
      if (parseLakeObjectName(object.name) !== null) found.push(object);
    }
    return found;
  }

  /** Where on this machine these objects can be read, in the same order: in place, or copies fetched for it. */
  async pathsOf(objects: readonly ObjectInfo[]): Promise<string[]> {
    if (!this.#lake.uri.startsWith('file:')) return this.#mirror(objects);
    const root = fileURLToPath(this.#lake.uri);
    return objects.map(({ name }) => join(root, name));
  }

  /** No query may run any more. */
  close(): void {
    this.#duckDb.closeSync();
  }

  async #mirror(objects: readonly ObjectInfo[]): Promise<string[]> {
    const waiting = [...objects.entries()];
    const paths: string[] = [];
    const downloadNext = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [index, object] = next;
        paths[index] = await this.#localCopy(object);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, downloadNext));
    return paths;
  }

  /** The path of a copy, fetched unless it is there. The name keeps the partition, which DuckDB reads from it. */
  async #localCopy({ name, tag }: ObjectInfo): Promise<string> {
    const version = createHash('sha256').update(tag).digest('hex').slice(0, 16);
    const path = join(this.#cacheDirectory, `${name.replace(/\.parquet$/, '')}@${version}.parquet`);
    if (existsSync(path)) return path;
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.${randomUUID()}.partial`;
    await pipeline(await this.#lake.read(name), createWriteStream(partial));
    await rename(partial, path);
    return path;
  }
}

function parquetSource(kind: RecordKind, paths: readonly string[]): LakeSource {
  const parameter = `${kind}_files`;
  return {
    sql: `read_parquet($${parameter}, union_by_name = true, hive_partitioning = true,
      hive_types = { 'tenant': VARCHAR, 'date': DATE })`,
    parameters: { [parameter]: { value: listValue(paths.map(literalPath)), type: LIST(VARCHAR) } },
  };
}

/** DuckDB refuses to read no files at all: the same columns without rows. */
function emptySource(kind: RecordKind): LakeSource {
  const columns = Object.values(LAKE_COLUMNS[kind]).map(({ name, type }) => `NULL::${type} AS "${name}"`);
  const partitions = ['NULL::VARCHAR AS tenant', 'NULL::DATE AS date'];
  return { sql: `(SELECT ${[...columns, ...partitions].join(', ')} WHERE false)`, parameters: {} };
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, type DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type ObjectInfo, type ObjectStore, ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { areReadable, isDamage, quarantineObject } from './damaged-objects.ts';
import { literalPath, openDuckDb } from './duckdb.ts';
import { LakeFiles } from './lake-files.ts';
import { type LakeEntry, type ListedPartition, listPartitions, settleSegments } from './lake-listing.ts';
import { emptyRelation, segmentsInFile } from './parquet-file.ts';
import type { Parameters } from './query.ts';
import type { RecordKind } from './spool-layout.ts';

export interface LakeReaderOptions {
  readonly lake: ObjectStore;
  /** Copies of objects that are not on this machine, and DuckDB's spill files. May be deleted at any time but a run. */
  readonly cacheDirectory: string;
  readonly memoryLimitMb?: number;
  readonly threads?: number;
  /** Hears of every object that cannot be read, once it is out of the way. */
  readonly onDamaged?: (objectName: string) => void;
}

/** A kind's rows as DuckDB reads them: a table expression with its parameters, to be bound in the query around it. */
export interface LakeSource {
  readonly sql: string;
  readonly parameters: Parameters;
}

/** Reads the lake with DuckDB: in place where it is a directory, else from copies kept by name and tag. */
export class LakeReader {
  readonly #options: LakeReaderOptions;
  readonly #files: LakeFiles;
  readonly #duckDb: DuckDBInstance;
  /** Entries, by name and tag, that are out of the way, or should be. */
  readonly #damaged = new Set<string>();
  readonly #held = new Map<string, Promise<ReadonlySet<string>>>();

  static async open(options: LakeReaderOptions): Promise<LakeReader> {
    const { memoryLimitMb = 1_024, threads = 2 } = options;
    const scratchDirectory = join(options.cacheDirectory, 'scratch');
    await mkdir(scratchDirectory, { recursive: true });
    return new LakeReader(options, await openDuckDb({ memoryLimitMb, threads, scratchDirectory }));
  }

  private constructor(options: LakeReaderOptions, duckDb: DuckDBInstance) {
    this.#options = options;
    this.#files = new LakeFiles(options.lake, options.cacheDirectory);
    this.#duckDb = duckDb;
  }

  get uri(): string {
    return this.#options.lake.uri;
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
    return this.sourceOf(kind, await this.objects(kind));
  }

  /** What is in these objects, all of one kind. */
  async sourceOf(kind: RecordKind, objects: readonly ObjectInfo[]): Promise<LakeSource> {
    return objects.length === 0 ? emptySource(kind) : parquetSource(kind, await this.#files.paths(objects));
  }

  /**
   * The objects that hold every row of a kind once, by partition. Reads none of them, but what a merge says that it
   * has replaced where that is still there. Throws ObjectStoreError when the store cannot be read.
   */
  async objects(kind: RecordKind): Promise<LakeEntry[]> {
    const partitions = (await listPartitions(this.#options.lake, kind)).map((partition) =>
      this.#withoutDamaged(partition),
    );
    try {
      const settled = await Promise.all(partitions.map((partition) => this.#live(partition)));
      return settled.flat();
    } catch (error) {
      // What a damaged merge replaced counts again: that needs another look.
      await this.readableOf(
        partitions.flatMap(({ compacted, segments }) => (segments.length > 0 ? compacted : [])),
        error,
      );
      return this.objects(kind);
    }
  }

  /** Where on this machine these objects can be read, in the same order: in place, or copies fetched for it. */
  pathsOf(objects: readonly ObjectInfo[]): Promise<string[]> {
    return this.#files.paths(objects);
  }

  /** Lets copies of objects go that are not needed any more; the objects stay. */
  forget(objects: readonly ObjectInfo[]): Promise<void> {
    return this.#files.forget(objects);
  }

  /**
   * After a query over these objects has failed: those whose every value can be read. The others are now in the
   * lake's quarantine. Throws `error` again when none is damaged.
   */
  async readableOf(objects: readonly ObjectInfo[], error: unknown): Promise<ObjectInfo[]> {
    if (!isDamage(error) || (await this.#setAside(objects)) === 0) throw error;
    return objects.filter((object) => !this.#damaged.has(identity(object)));
  }

  /** No query may run any more. */
  close(): void {
    this.#duckDb.closeSync();
  }

  async #live(partition: ListedPartition): Promise<LakeEntry[]> {
    const { live } = await settleSegments(partition, (entry) => this.#segmentsIn(entry));
    return [...partition.compacted, ...live];
  }

  #segmentsIn(entry: LakeEntry): Promise<ReadonlySet<string>> {
    const key = identity(entry);
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const read = this.#files
      .path(entry)
      .then((path) => this.withConnection((connection) => segmentsInFile(connection, path)));
    this.#held.set(key, read);
    // The next listing asks again.
    read.catch(() => this.#held.delete(key));
    return read;
  }

  #withoutDamaged(partition: ListedPartition): ListedPartition {
    const good = (entries: readonly LakeEntry[]) =>
      this.#damaged.size === 0 ? entries : entries.filter((entry) => !this.#damaged.has(identity(entry)));
    return { ...partition, compacted: good(partition.compacted), segments: good(partition.segments) };
  }

  /** Moves what is damaged out of the way; answers how many that were. */
  async #setAside(entries: readonly ObjectInfo[]): Promise<number> {
    if (entries.length === 0) return 0;
    const paths = await this.#files.paths(entries);
    const ok = (each: readonly string[]) =>
      this.withConnection((connection) => areReadable(connection, each));
    let found = 0;
    if (!(await ok(paths))) {
      for (const entry of entries) {
        if (await ok([await this.#files.path(entry)])) continue;
        // A copy may have been cut short by a full disk: the object itself is judged.
        await this.#files.forget([entry]);
        if (await ok([await this.#files.path(entry)])) continue;
        this.#damaged.add(identity(entry));
        found += 1;
        await quarantineObject(this.#options.lake, entry).catch(unlessForbidden);
        this.#options.onDamaged?.(entry.name);
      }
    }
    return found;
  }
}

/** Who may only read the lake leaves a damaged object out all the same. */
function unlessForbidden(error: unknown): void {
  if (!(error instanceof ObjectStoreError && error.code === 'forbidden')) throw error;
}

const identity = ({ name, tag }: ObjectInfo) => `${name}@${tag}`;

function parquetSource(kind: RecordKind, paths: readonly string[]): LakeSource {
  const parameter = `${kind}_files`;
  return {
    sql: `(FROM read_parquet($${parameter}, union_by_name = true, hive_partitioning = true,
      hive_types = { 'tenant': VARCHAR, 'date': DATE }) UNION ALL BY NAME ${emptySource(kind).sql})`,
    parameters: { [parameter]: { value: listValue(paths.map(literalPath)), type: LIST(VARCHAR) } },
  };
}

function emptySource(kind: RecordKind): LakeSource {
  return {
    sql: `(SELECT *, NULL::VARCHAR AS tenant, NULL::DATE AS date FROM ${emptyRelation(kind)})`,
    parameters: {},
  };
}

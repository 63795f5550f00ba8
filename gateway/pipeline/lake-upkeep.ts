import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ObjectStore } from '../../models/artifacts/object-store.ts';
import { areReadable, isDamage, quarantineObject } from './damaged-objects.ts';
import { openDuckDb } from './duckdb.ts';
import { LakeFiles } from './lake-files.ts';
import { type LakeEntry, type ListedPartition, listPartitions, settleSegments } from './lake-listing.ts';
import { lakeObjectName, partitionName } from './lake-object.ts';
import { mergeFiles, segmentsInFile } from './parquet-file.ts';
import { isExpired, isPast, type MergePlan, planMerge } from './plan-upkeep.ts';
import { RECORD_KINDS, type RecordKind } from './spool-layout.ts';
import { bothReports, NOTHING_DONE, type UpkeepReport, upkeepMetrics } from './upkeep-report.ts';
import { writeIfAbsent } from './write-once.ts';

export interface LakeUpkeepOptions {
  readonly lake: ObjectStore;
  /** This process's own: emptied by every pass. */
  readonly scratchDirectory: string;
  /** Whole days after its own that a record is kept. */
  readonly retentionDays: Readonly<Record<RecordKind, number>>;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'error'>;
  /** Pause between passes, more or less; 10 minutes unless given. */
  readonly intervalMs?: number;
  /**
   * Longest a reader may work from one listing: what is replaced stays at least this long after this process has
   * first seen that it is. An hour unless given.
   */
  readonly graceMs?: number;
  /** Milliseconds since the epoch; only to know how old a day is. */
  readonly now?: () => number;
  readonly memoryLimitMb?: number;
}

/** A past day with few new objects is tidied this often at most: each time may write a whole part anew. */
const TIDY_INTERVAL_MS = 24 * 60 * 60_000;

/**
 * Merges small objects and removes old ones. Any number of processes on any number of machines may do this to one
 * lake at once: docs/adr/0009-compaction-without-a-lock.md says why no reader sees a row twice or misses one.
 */
export class LakeUpkeep {
  readonly #options: LakeUpkeepOptions;
  readonly #files: LakeFiles;
  readonly #count: (report: UpkeepReport) => void;
  readonly #stopping = new AbortController();
  /** Names of objects that are replaced → `performance.now()` when this process first saw that. */
  readonly #replacedSince = new Map<string, number>();
  readonly #tidiedAt = new Map<string, number>();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: LakeUpkeepOptions) {
    this.#options = options;
    this.#files = new LakeFiles(options.lake, join(options.scratchDirectory, 'objects'));
    this.#count = upkeepMetrics(options.registry);
  }

  /** Passes now and then, until `stop`. */
  start(): void {
    this.#loop = this.#runUntilStopped();
  }

  /** Ends the loop, after the partition that it is at. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** One pass over the whole lake; not two at once. What fails is in the report, the log and the metrics. */
  async run(): Promise<UpkeepReport> {
    const { scratchDirectory, memoryLimitMb = 512 } = this.#options;
    await rm(scratchDirectory, { recursive: true, force: true });
    await mkdir(scratchDirectory, { recursive: true });
    // Opened for the pass: most of the time nobody needs its memory.
    const duckDb = await openDuckDb({ memoryLimitMb, threads: 1, scratchDirectory });
    const connection = await duckDb.connect();
    try {
      let report = NOTHING_DONE;
      for (const kind of RECORD_KINDS) report = bothReports(report, await this.#seeToKind(connection, kind));
      return report;
    } finally {
      connection.closeSync();
      duckDb.closeSync();
    }
  }

  async #runUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    const { intervalMs = 10 * 60_000, log } = this.#options;
    while (!signal.aborted) {
      // Jitter: gateways of one lake should not do the same work at the same time. Rejects only when stopped.
      await sleep(intervalMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted)
        await this.run().catch((error: unknown) => log.error({ err: error }, 'upkeep could not begin'));
    }
  }

  async #seeToKind(connection: DuckDBConnection, kind: RecordKind): Promise<UpkeepReport> {
    let total = NOTHING_DONE;
    const add = (report: UpkeepReport) => {
      this.#count(report);
      total = bothReports(total, report);
    };
    try {
      for (const partition of await listPartitions(this.#options.lake, kind)) {
        if (this.#stopping.signal.aborted) break;
        const done = this.#seeTo(connection, partition);
        add(await done.catch((error: unknown) => this.#recover(connection, partition, error)));
      }
    } catch (error) {
      this.#options.log.error({ err: error, kind }, 'the lake cannot be listed: the next pass tries again');
      add({ ...NOTHING_DONE, failed: 1 });
    }
    return total;
  }

  async #seeTo(connection: DuckDBConnection, partition: ListedPartition): Promise<UpkeepReport> {
    const { retentionDays, now = Date.now } = this.#options;
    if (isExpired(partition, retentionDays, now())) return this.#expire(partition);
    const settled = await settleSegments(partition, (entry) => this.#segmentsIn(connection, entry));
    for (const { name } of settled.live) this.#replacedSince.delete(name);
    const replaced = await this.#removeReplaced([...partition.outdated, ...settled.replaced]);
    const plan = planMerge(partition, settled, this.#mayTidy(partition, now()));
    const merges = plan !== null && (await this.#merge(connection, partition, plan)) ? 1 : 0;
    return { ...NOTHING_DONE, replaced, merges };
  }

  /** In this order a reader never meets a replaced object without the one that replaces it. */
  async #expire({ segments, outdated, compacted }: ListedPartition): Promise<UpkeepReport> {
    const entries = [...segments, ...outdated, ...compacted];
    for (const { name } of entries) await this.#options.lake.remove(name);
    return { ...NOTHING_DONE, expired: entries.length };
  }

  #mayTidy(partition: ListedPartition, now: number): boolean {
    if (!isPast(partition, now)) return false;
    const tidiedAt = this.#tidiedAt.get(partitionName(partition));
    return tidiedAt === undefined || performance.now() - tidiedAt >= TIDY_INTERVAL_MS;
  }

  /** A reader may have listed them before they were replaced: they stay while it may be at work. */
  async #removeReplaced(entries: readonly LakeEntry[]): Promise<number> {
    const { lake, graceMs = 60 * 60_000 } = this.#options;
    const nowMs = performance.now();
    let removed = 0;
    for (const { name } of entries) {
      const sinceMs = this.#replacedSince.get(name) ?? nowMs;
      this.#replacedSince.set(name, sinceMs);
      if (nowMs - sinceMs < graceMs) continue;
      await lake.remove(name);
      this.#replacedSince.delete(name);
      removed += 1;
    }
    return removed;
  }

  /** The write of a name that was never taken is the commit. Whoever loses the race for it has changed nothing. */
  async #merge(
    connection: DuckDBConnection,
    { kind, tenant, date }: ListedPartition,
    { part, generation, inputs }: MergePlan,
  ): Promise<boolean> {
    const output = join(this.#options.scratchDirectory, 'merged.parquet');
    try {
      const segments = await Promise.all(
        inputs.map(async (entry) =>
          entry.content.of === 'segment'
            ? [entry.content.segment]
            : [...(await this.#segmentsIn(connection, entry))],
        ),
      );
      const paths = await this.#files.paths(inputs);
      await mergeFiles(connection, { kind, inputs: paths, segments: segments.flat(), output });
      const content = { of: 'compaction', part, generation } as const;
      const name = lakeObjectName({ kind, tenant, date, content });
      this.#tidiedAt.set(partitionName({ kind, tenant, date }), performance.now());
      return await writeIfAbsent(this.#options.lake, name, await readFile(output));
    } finally {
      await this.#files.forget(inputs);
      await rm(output, { force: true });
    }
  }

  async #segmentsIn(connection: DuckDBConnection, entry: LakeEntry): Promise<Set<string>> {
    return segmentsInFile(connection, await this.#files.path(entry));
  }

  /** Where damaged objects are the reason, they go to quarantine, and the next pass works without them. */
  async #recover(
    connection: DuckDBConnection,
    partition: ListedPartition,
    error: unknown,
  ): Promise<UpkeepReport> {
    const what = partitionName(partition);
    const { lake, log } = this.#options;
    let damaged = 0;
    try {
      for (const entry of isDamage(error) ? [...partition.compacted, ...partition.segments] : []) {
        if (await areReadable(connection, [await this.#files.path(entry)])) continue;
        await quarantineObject(lake, entry);
        log.error({ object: entry.name }, 'an object of the lake is damaged: it is now under quarantine/');
        damaged += 1;
      }
    } catch (cause) {
      log.error({ err: cause, partition: what }, 'damaged objects could not be put in quarantine');
    }
    if (damaged > 0) return { ...NOTHING_DONE, damaged };
    log.error({ err: error, partition: what }, 'upkeep of a partition failed: the next pass tries again');
    return { ...NOTHING_DONE, failed: 1 };
  }
}

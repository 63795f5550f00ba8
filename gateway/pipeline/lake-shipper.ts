import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { type ObjectStore, ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { sealAbandonedSegments } from './abandoned-segments.ts';
import { openDuckDb } from './duckdb.ts';
import { type ProcessLock, takeProcessLock } from './process-lock.ts';
import { oldestSegmentSeconds, type SealedSegment, sealedSegments } from './sealed-segments.ts';
import { segmentToParquet } from './segment-to-parquet.ts';
import { RECORD_KINDS, spoolPaths } from './spool-layout.ts';
import { writeOnce } from './write-once.ts';

const MAX_BACKOFF_MS = 60_000;

export interface LakeShipperOptions {
  /** The spool's directory. */
  readonly directory: string;
  readonly lake: ObjectStore;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Pause between passes while all goes well; 5 s unless given. */
  readonly intervalMs?: number;
  readonly memoryLimitMb?: number;
}

/** What one pass over the sealed segments did. */
export interface ShipReport {
  readonly segments: number;
  readonly records: number;
  readonly corruptLines: number;
  /** Segments that could not be shipped and wait for the next pass. */
  readonly failed: number;
}

/**
 * Takes sealed segments to the lake as Parquet. One per spool directory, in any process. A segment is removed
 * only when the store has acknowledged every object made from it; until then each pass begins it anew, and its
 * objects have the same names and rows as before. No object is ever overwritten, so no other writer's is lost.
 */
export class LakeShipper {
  readonly #options: LakeShipperOptions;
  readonly #duckDb: DuckDBInstance;
  readonly #lock: ProcessLock;
  readonly #metrics: ReturnType<typeof createMetrics>;
  readonly #stopping = new AbortController();
  #running: Promise<ShipReport> | null = null;
  #queued: Promise<ShipReport> | null = null;
  #loop: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  /** Throws when another shipper has the directory. Nothing is shipped before `start` or `ship`. */
  static async open(options: LakeShipperOptions): Promise<LakeShipper> {
    const { directory } = options;
    await mkdir(spoolPaths.writers(directory), { recursive: true });
    await mkdir(spoolPaths.quarantine(directory), { recursive: true });
    const lock = takeProcessLock(spoolPaths.shipperLock(directory));
    if (lock === null)
      throw new Error(`another process ships the spool ${directory}: run one gateway per DATA_DIR`);
    const scratchDirectory = spoolPaths.scratch(directory);
    await rm(scratchDirectory, { recursive: true, force: true });
    await mkdir(scratchDirectory);
    const duckDb = await openDuckDb({
      memoryLimitMb: options.memoryLimitMb ?? 512,
      threads: 1,
      scratchDirectory,
    });
    return new LakeShipper(options, duckDb, lock);
  }

  private constructor(options: LakeShipperOptions, duckDb: DuckDBInstance, lock: ProcessLock) {
    this.#options = options;
    this.#duckDb = duckDb;
    this.#lock = lock;
    this.#metrics = createMetrics(options.registry);
  }

  /** Ships now and then, until `stop`; after a failure it waits longer each time, up to a minute. */
  start(): void {
    this.#loop = this.#shipUntilStopped();
  }

  /** Ships everything that was sealed before the call. Failures are in the report, the log and the metrics. */
  ship(): Promise<ShipReport> {
    if (this.#running === null) return this.#begin();
    // The pass under way may have listed its segments already: the caller needs the one after it.
    this.#queued ??= this.#running.then(() => {
      this.#queued = null;
      return this.#begin();
    });
    return this.#queued;
  }

  /** Ends the loop, waits for the pass under way and lets the directory go. What is left waits on disk. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await (this.#queued ?? this.#running);
    this.#duckDb.closeSync();
    this.#lock.release();
  }

  async #shipUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    const intervalMs = this.#options.intervalMs ?? 5_000;
    let pauseMs = intervalMs;
    while (!signal.aborted) {
      const { failed } = await this.ship();
      pauseMs = failed === 0 ? intervalMs : Math.min(MAX_BACKOFF_MS, pauseMs * 2);
      // Jitter: gateways that met the same outage should not come back in step. Rejects only when stopped.
      await sleep(pauseMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }

  #begin(): Promise<ShipReport> {
    const pass = this.#pass().finally(() => {
      this.#running = null;
    });
    this.#running = pass;
    return pass;
  }

  /** Never rejects: what fails is left on disk as it was, and said in the report, the log and the metrics. */
  async #pass(): Promise<ShipReport> {
    const { directory } = this.#options;
    let report: ShipReport = { segments: 0, records: 0, corruptLines: 0, failed: 0 };
    try {
      const { tornLines } = await sealAbandonedSegments(directory);
      this.#metrics.tornLines.inc(tornLines);
      report = await this.#shipAll((await sealedSegments(directory)).toSorted(byImportance));
      this.#metrics.waitingSeconds.set(await oldestSegmentSeconds(directory));
    } catch (error) {
      report = { ...report, failed: report.failed + 1 };
      this.#metrics.failures.inc();
      this.#options.log.error({ err: error }, 'the spool cannot be read');
    }
    return report;
  }

  async #shipAll(segments: readonly SealedSegment[]): Promise<ShipReport> {
    const report = { segments: 0, records: 0, corruptLines: 0, failed: 0 };
    for (const [index, segment] of segments.entries()) {
      try {
        const { records, corruptLines } = await this.#shipSegment(segment);
        report.segments += 1;
        report.records += records;
        report.corruptLines += corruptLines;
      } catch (error) {
        report.failed += 1;
        this.#shipFailed(segment, error);
        if (!(error instanceof ObjectStoreError)) continue;
        // The store is away or refuses us: the other segments would only wait for the same answer.
        report.failed = segments.length - index;
        break;
      }
    }
    return report;
  }

  async #shipSegment(segment: SealedSegment): Promise<{ records: number; corruptLines: number }> {
    const { directory, lake } = this.#options;
    const { kind, id } = segment;
    const scratchDirectory = join(spoolPaths.scratch(directory), id);
    await mkdir(scratchDirectory, { recursive: true });
    try {
      const { files, records, corruptLines } = await segmentToParquet(
        this.#duckDb,
        segment,
        scratchDirectory,
      );
      for (const { path, objectName } of files) await writeOnce(lake, objectName, await readFile(path));
      if (corruptLines > 0) await this.#quarantine(segment, corruptLines);
      else await rm(segment.path, { force: true });
      this.#metrics.shipped.inc({ kind }, records);
      return { records, corruptLines };
    } finally {
      await rm(scratchDirectory, { recursive: true, force: true });
    }
  }

  /** Keeps a segment whose good lines are in the lake, for a person to look at the others. */
  async #quarantine({ path, kind, id }: SealedSegment, corruptLines: number): Promise<void> {
    this.#metrics.corruptLines.inc({ kind }, corruptLines);
    const kept = join(spoolPaths.quarantine(this.#options.directory), `${kind}-${id}.ndjson`);
    await rename(path, kept);
    this.#options.log.warn(
      { kind, kept, corruptLines },
      'a segment has damaged lines: the others are shipped',
    );
  }

  #shipFailed({ kind, id }: SealedSegment, error: unknown): void {
    this.#metrics.failures.inc();
    this.#options.log.error(
      { err: error, kind, segment: id, lake: this.#options.lake.uri },
      'a segment could not be shipped: it waits for the next pass',
    );
  }
}

/** After an outage, what counts most goes first. */
function byImportance(a: SealedSegment, b: SealedSegment): number {
  return RECORD_KINDS.indexOf(a.kind) - RECORD_KINDS.indexOf(b.kind);
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['kind'];
  return {
    shipped: new Counter({
      name: 'switchyard_lake_shipped_records_total',
      help: 'Records acknowledged by the lake',
      labelNames,
      registers,
    }),
    corruptLines: new Counter({
      name: 'switchyard_lake_corrupt_lines_total',
      help: 'Damaged lines of the spool; their segments are kept in quarantine',
      labelNames,
      registers,
    }),
    tornLines: new Counter({
      name: 'switchyard_spool_torn_lines_total',
      help: 'Last lines that a dead process had not finished; nobody was answered for them',
      registers,
    }),
    failures: new Counter({
      name: 'switchyard_lake_ship_failures_total',
      help: 'Segments that could not be shipped, each time',
      registers,
    }),
    waitingSeconds: new Gauge({
      name: 'switchyard_lake_oldest_segment_seconds',
      help: 'Age of the oldest sealed segment that waits',
      registers,
    }),
  };
}

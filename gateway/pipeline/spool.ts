import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import type { Invocation } from './invocation.ts';
import { type ProcessLock, takeProcessLock } from './process-lock.ts';
import { hasRoom, measureSpool, type SpoolRoom } from './spool-budget.ts';
import { type RecordKind, segmentFileName, spoolPaths } from './spool-layout.ts';
import { spoolMetrics } from './spool-metrics.ts';
import { SpoolSegment } from './spool-segment.ts';

/** What each kind of record is. */
export interface SpoolRecords {
  readonly exposures: Exposure;
  readonly outcomes: Outcome;
  readonly invocations: Invocation;
}

const DEFAULT_MAX_BYTES = 10 * 1024 ** 3;

/** A line that waits for the commit of its turn. */
interface Waiting {
  readonly line: string;
  readonly settle: (written: boolean) => void;
}

export interface SpoolOptions {
  /** Shared by every writer of this machine and by the shipper. */
  readonly directory: string;
  /** Never used before and never again: a UUID made at the start of the process. */
  readonly writerId: string;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Room for all writers of the directory together; 10 GiB unless given. docs/lake.md says who goes first. */
  readonly maxBytes?: number;
  /** A segment is sealed when the next lines would take it past this; 32 MiB unless given. */
  readonly maxSegmentBytes?: number;
  /** A segment is sealed this long after its first line; 15 s unless given. */
  readonly maxSegmentAgeMs?: number;
  /** A lost machine takes at most what was appended in the last such interval; 1 s unless given. */
  readonly flushIntervalMs?: number;
}

/**
 * Where one process puts records before it answers. What `append` has answered true to outlives the process at
 * once and the machine after the next flush; docs/lake.md states the whole promise. Records that come in one turn
 * of the event loop, from whatever connections, are written together: a write costs more than all else here.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #lock: ProcessLock;
  readonly #maxSegmentBytes: number;
  readonly #maxSegmentAgeMs: number;
  readonly #metrics: ReturnType<typeof spoolMetrics>;
  readonly #flushTimer: NodeJS.Timeout;
  readonly #open = new Map<RecordKind, SpoolSegment>();
  readonly #sealing = new Map<SpoolSegment, Promise<void>>();
  readonly #waiting = new Map<RecordKind, Waiting[]>();
  #sequence = 0;
  #room: SpoolRoom = { usedBytes: 0, limitBytes: Number.POSITIVE_INFINITY };
  #addedBytes = 0;
  #measuring = false;
  readonly #failing = new Set<RecordKind>();
  #stopped: Promise<void> | null = null;

  /** Throws when the directory cannot be written or the writer id is taken: the start is the time to say so. */
  static open(options: SpoolOptions): Spool {
    const { directory, writerId } = options;
    if (!/^[A-Za-z0-9-]{1,64}$/.test(writerId)) {
      throw new RangeError(`writerId must be 1–64 letters, digits and dashes, not "${writerId}"`);
    }
    mkdirSync(spoolPaths.writers(directory), { recursive: true });
    const lock = takeProcessLock(spoolPaths.writerLock(directory, writerId));
    if (lock === null) throw new Error(`another process writes to ${directory} as "${writerId}"`);
    // The lock is held before the directory exists, so nobody can find the directory and think it abandoned.
    mkdirSync(spoolPaths.writer(directory, writerId));
    return new Spool(options, lock);
  }

  private constructor(options: SpoolOptions, lock: ProcessLock) {
    this.#options = options;
    this.#lock = lock;
    this.#maxSegmentBytes = options.maxSegmentBytes ?? 32 * 1024 * 1024;
    this.#maxSegmentAgeMs = options.maxSegmentAgeMs ?? 15_000;
    this.#metrics = spoolMetrics(options.registry, () => this.#unsyncedRecords());
    this.#flushTimer = setInterval(() => this.#flush(), options.flushIntervalMs ?? 1_000);
    this.#flushTimer.unref();
    void this.#measure();
  }

  /**
   * Resolves with true once the record is written, or with false when it could not be: counted, logged at the
   * first of a row, never thrown into the request that it belongs to. An answer waits for this before it leaves.
   */
  append<Kind extends RecordKind>(kind: Kind, record: SpoolRecords[Kind]): Promise<boolean> {
    if (this.#stopped !== null) {
      this.#dropped(kind, 'stopped', new Error('the spool is stopped'));
      return Promise.resolve(false);
    }
    // Sockets are read before immediates run: what this turn brings on other connections comes along.
    if (this.#waiting.size === 0) setImmediate(() => this.commit());
    const group = this.#waiting.get(kind) ?? [];
    this.#waiting.set(kind, group);
    return new Promise((settle) => group.push({ line: `${JSON.stringify(record)}\n`, settle }));
  }

  /** Whether there is room for more of a kind; where there is none, `append` answers false. */
  hasRoomFor(kind: RecordKind): boolean {
    return hasRoom(this.#room, kind, this.#addedBytes);
  }

  /** Writes what waits now, for a caller whose answer leaves in this very turn. */
  commit(): void {
    const groups = [...this.#waiting];
    this.#waiting.clear();
    for (const [kind, group] of groups) this.#write(kind, group);
  }

  /** Seals every open segment, so that the shipper may take it; resolves once they are. */
  async seal(): Promise<void> {
    this.commit();
    for (const kind of [...this.#open.keys()]) this.#seal(kind);
    await Promise.all(this.#sealing.values());
  }

  /** Seals what is open and lets the directory go. Later appends answer false. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    clearInterval(this.#flushTimer);
    await this.seal();
    this.#lock.release();
  }

  #write(kind: RecordKind, group: readonly Waiting[]): void {
    if (!this.hasRoomFor(kind)) {
      for (const { settle } of group) {
        this.#dropped(kind, 'no-room', new Error('the spool has taken the room it may take'));
        settle(false);
      }
      return;
    }
    try {
      const lines = Buffer.from(group.map(({ line }) => line).join(''));
      this.#segmentWithRoom(kind, lines.length).append(lines, group.length);
      this.#addedBytes += lines.length;
    } catch (error) {
      // There may be room for some of them.
      if (group.length > 1) for (const one of group) this.#write(kind, [one]);
      else {
        this.#dropped(kind, 'disk', error);
        group[0]?.settle(false);
      }
      return;
    }
    if (this.#failing.delete(kind)) this.#options.log.info({ kind }, 'the spool can be written again');
    for (const { settle } of group) settle(true);
  }

  #segmentWithRoom(kind: RecordKind, lineBytes: number): SpoolSegment {
    const current = this.#open.get(kind);
    if (current !== undefined) {
      const full = current.sizeBytes + lineBytes > this.#maxSegmentBytes && current.sizeBytes > 0;
      if (!full) return current;
      this.#seal(kind);
    }
    const segment = this.#createSegment(kind);
    this.#open.set(kind, segment);
    return segment;
  }

  #createSegment(kind: RecordKind): SpoolSegment {
    const { directory, writerId } = this.#options;
    const path = spoolPaths.writer(directory, writerId);
    this.#sequence += 1;
    const name = { kind, sequence: this.#sequence };
    return new SpoolSegment(
      join(path, segmentFileName({ ...name, state: 'open' })),
      join(path, segmentFileName({ ...name, state: 'sealed' })),
    );
  }

  #seal(kind: RecordKind): void {
    const segment = this.#open.get(kind);
    if (segment === undefined) return;
    this.#open.delete(kind);
    const sealed = segment
      .seal()
      .catch((error: unknown) => this.#diskFailed('sealing a segment of the spool failed', error))
      .finally(() => this.#sealing.delete(segment));
    this.#sealing.set(segment, sealed);
  }

  async #measure(): Promise<void> {
    const { directory, maxBytes = DEFAULT_MAX_BYTES } = this.#options;
    if (this.#measuring) return;
    this.#measuring = true;
    const before = this.#addedBytes;
    try {
      this.#room = await measureSpool(directory, maxBytes);
      this.#addedBytes -= before;
    } catch (error) {
      this.#diskFailed('measuring the spool failed', error);
    } finally {
      this.#measuring = false;
    }
  }

  #flush(): void {
    void this.#measure();
    const now = Date.now();
    for (const [kind, segment] of this.#open) {
      if (now - segment.openedAt >= this.#maxSegmentAgeMs) this.#seal(kind);
      else segment.sync().catch((error: unknown) => this.#diskFailed('syncing the spool failed', error));
    }
  }

  #unsyncedRecords(): number {
    return [...this.#open.values(), ...this.#sealing.keys()].reduce(
      (total, segment) => total + segment.unsyncedRecords,
      0,
    );
  }

  #diskFailed(message: string, error: unknown): void {
    this.#metrics.diskFailures.inc();
    this.#options.log.error({ err: error }, message);
  }

  #dropped(kind: RecordKind, reason: 'stopped' | 'no-room' | 'disk', error: unknown): void {
    this.#metrics.dropped.inc({ kind, reason });
    if (this.#failing.has(kind)) return;
    this.#failing.add(kind);
    this.#options.log.error(
      { err: error, kind },
      'the spool cannot be written: records are dropped and counted until it can (free disk space?)',
    );
  }
}

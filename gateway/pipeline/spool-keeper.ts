import { rm, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { sealedSegments } from './sealed-segments.ts';
import { hasRoom, measureSpool, pressureOf, type SpoolRoom } from './spool-budget.ts';

export interface SpoolKeeperOptions {
  /** The spool's directory. */
  readonly directory: string;
  readonly maxBytes: number;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** Pause between two looks; 1 s unless given. */
  readonly intervalMs?: number;
}

/**
 * Keeps one spool within its room: where it runs short, sealed segments of invocations are given up, oldest first,
 * so that exposures and outcomes find place. Runs beside the one shipper of the directory.
 */
export class SpoolKeeper {
  readonly #options: SpoolKeeperOptions;
  readonly #metrics: ReturnType<typeof createMetrics>;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: SpoolKeeperOptions) {
    this.#options = options;
    this.#metrics = createMetrics(options.registry);
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.look());
    }, options.intervalMs ?? 1_000);
    this.#timer.unref();
  }

  /** Measures, and makes room where it is short. Never rejects. */
  async look(): Promise<void> {
    const { directory, maxBytes, log } = this.#options;
    try {
      let room = await measureSpool(directory, maxBytes);
      if (!hasRoom(room, 'invocations')) room = await this.#makeRoom(room);
      this.#metrics.used.set(room.usedBytes);
      this.#metrics.limit.set(room.limitBytes);
      this.#metrics.pressure.set(pressureOf(room));
    } catch (error) {
      log.error({ err: error }, 'the spool cannot be measured');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #makeRoom(room: SpoolRoom): Promise<SpoolRoom> {
    let { usedBytes } = room;
    let segments = 0;
    const candidates = await sealedSegments(this.#options.directory);
    for (const { path } of candidates.filter(({ kind }) => kind === 'invocations')) {
      if (hasRoom({ ...room, usedBytes }, 'invocations')) break;
      const { size } = await stat(path);
      await rm(path);
      usedBytes -= size;
      segments += 1;
    }
    if (segments > 0) {
      this.#metrics.evicted.inc(segments);
      this.#options.log.warn({ segments }, 'the spool is short of room: invocations were given up');
    }
    return { ...room, usedBytes };
  }
}

function createMetrics(registry: Registry) {
  const registers = [registry];
  return {
    used: new Gauge({
      name: 'switchyard_spool_used_bytes',
      help: 'What the spool and its quarantine take on disk',
      registers,
    }),
    limit: new Gauge({
      name: 'switchyard_spool_limit_bytes',
      help: 'What they may take: SPOOL_MAX_BYTES, or less where the disk has less',
      registers,
    }),
    pressure: new Gauge({
      name: 'switchyard_spool_pressure',
      help: '0, or what is given up for want of room: 1 invocations, 2 outcomes are refused too, 3 exposures too',
      registers,
    }),
    evicted: new Counter({
      name: 'switchyard_spool_evicted_segments_total',
      help: 'Segments of invocations that were given up so that exposures and outcomes find room',
      registers,
    }),
  };
}

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ArtifactError, gravestOf } from './artifact-error.ts';
import { downloadArtifact } from './download-artifact.ts';
import type { ObjectStore } from './object-store.ts';
import { untilAborted } from './until-aborted.ts';

/** What is wanted: the bytes with this digest, and the places where copies of them lie, in order of preference. */
export interface ArtifactRef {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly artifacts: readonly string[];
}

export interface ArtifactCacheOptions {
  readonly directory: string;
  readonly openStore: (uri: string) => ObjectStore;
  /** Beyond this, artifacts that nobody holds go, the longest unused first. Unset: nothing goes. */
  readonly maxBytes?: number;
  readonly stallTimeoutMs?: number;
}

interface Flight {
  readonly path: Promise<string>;
  readonly controller: AbortController;
  waiting: number;
}

const DEFAULT_STALL_TIMEOUT_MS = 30_000;
/** A download that was last written to so long ago belongs to a process that is gone. */
const ABANDONED_AFTER_MS = 3_600_000;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Verified copies of artifacts on local disk, named by their digest. A file is hashed again each time it is
 * opened from here, so what a model is loaded from is what was registered. Several processes may share a
 * directory.
 */
export class ArtifactCache {
  readonly #options: ArtifactCacheOptions;
  readonly #flights = new Map<string, Flight>();
  readonly #held = new Set<string>();

  constructor(options: ArtifactCacheOptions) {
    this.#options = options;
  }

  /**
   * Path of the verified file, kept until `release`. Concurrent calls for a digest share one download, which
   * ends early only when every one of them has been aborted. Throws ArtifactError.
   */
  async fetch(artifact: ArtifactRef, options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const { signal } = options;
    if (!DIGEST.test(artifact.sha256)) {
      throw new ArtifactError(
        'missing',
        `sha256 must be 64 lower-case hex digits, found ${artifact.sha256.length}`,
      );
    }
    const flight = this.#flights.get(artifact.sha256) ?? this.#start(artifact);
    flight.waiting += 1;
    try {
      return await untilAborted(flight.path, signal);
    } catch (error) {
      if (!signal?.aborted) throw error;
      throw new ArtifactError('unavailable', `sha256 ${artifact.sha256}: fetching it was cancelled`, {
        cause: error,
      });
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#end(artifact.sha256, flight);
    }
  }

  /** Lets the artifact go when room is needed; its path must not be used any more. */
  release(sha256: string): void {
    this.#held.delete(sha256);
  }

  #start(artifact: ArtifactRef): Flight {
    const controller = new AbortController();
    const flight = { path: this.#obtain(artifact, controller.signal), controller, waiting: 0 };
    this.#flights.set(artifact.sha256, flight);
    return flight;
  }

  /** Nobody waits any more: it is over, or is to be; who comes now starts afresh. */
  #end(sha256: string, flight: Flight): void {
    if (this.#flights.get(sha256) === flight) this.#flights.delete(sha256);
    flight.controller.abort();
  }

  async #obtain(artifact: ArtifactRef, signal: AbortSignal): Promise<string> {
    const path = join(this.#options.directory, artifact.sha256);
    this.#held.add(artifact.sha256);
    try {
      await mkdir(this.#options.directory, { recursive: true });
      if (!(await this.#isIntact(path, artifact))) await this.#download(path, { artifact, signal });
      const now = new Date();
      await utimes(path, now, now);
      await this.#makeRoom();
      return path;
    } catch (error) {
      if (!this.#flights.has(artifact.sha256)) this.#held.delete(artifact.sha256);
      if (error instanceof ArtifactError) throw error;
      const message = `cache ${this.#options.directory}: ${error instanceof Error ? error.message : error}`;
      throw new ArtifactError('unavailable', message, { cause: error });
    }
  }

  async #isIntact(path: string, { sha256, sizeBytes }: ArtifactRef): Promise<boolean> {
    const size = await sizeOf(path);
    return size === sizeBytes && (await digestOf(path)) === sha256;
  }

  /** From the first place that has the whole, unaltered artifact. */
  async #download(path: string, { artifact, signal }: { artifact: ArtifactRef; signal: AbortSignal }) {
    const { openStore, stallTimeoutMs = DEFAULT_STALL_TIMEOUT_MS } = this.#options;
    const failures: ArtifactError[] = [];
    for (const uri of artifact.artifacts) {
      const temporary = `${path}.${randomUUID()}.part`;
      try {
        await downloadArtifact({ ...artifact, uri }, temporary, { openStore, stallTimeoutMs, signal });
        await rename(temporary, path);
        return;
      } catch (error) {
        if (!(error instanceof ArtifactError)) throw error;
        failures.push(error);
      } finally {
        await rm(temporary, { force: true });
      }
      if (signal.aborted) break;
    }
    throw gravestOf(failures);
  }

  /** Removes abandoned downloads and, over `maxBytes`, what has been unused longest. */
  async #makeRoom(): Promise<void> {
    const { directory, maxBytes = Number.POSITIVE_INFINITY } = this.#options;
    const files = await Promise.all((await readdir(directory)).map((name) => this.#describe(name)));
    const known = files.filter((file) => file !== null);
    let total = known.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size, usedAt } of known.sort((left, right) => left.usedAt - right.usedAt)) {
      const abandoned = name.endsWith('.part') && Date.now() - usedAt > ABANDONED_AFTER_MS;
      const unheld = DIGEST.test(name) && !this.#held.has(name);
      if (!abandoned && !(unheld && total > maxBytes)) continue;
      await rm(join(directory, name), { force: true });
      total -= size;
    }
  }

  /** Null for what another process removed in between. */
  async #describe(name: string) {
    const found = await stat(join(this.#options.directory, name)).catch(nullIfMissing);
    return found?.isFile() ? { name, size: found.size, usedAt: found.mtimeMs } : null;
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(nullIfMissing))?.size ?? null;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

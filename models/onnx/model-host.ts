import type { ArtifactCache } from '../artifacts/artifact-cache.ts';
import { ArtifactError } from '../artifacts/artifact-error.ts';
import type { TrustedSigners } from '../artifacts/trusted-signers.ts';
import { untilAborted } from '../artifacts/until-aborted.ts';
import type { Signature, Tensor } from '../codecs/tensor.ts';
import { type Admitted, admitVersion, type ServedVersion } from './admit-version.ts';
import { abortedError } from './job-outcome.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import { nameOf } from './loaded-model.ts';
import { MemoryBudget } from './memory-budget.ts';
import { ModelError } from './model-error.ts';
import type { OnnxPool } from './onnx-pool.ts';
import type { PoolInferRequest } from './pool-infer-request.ts';
import { type CanaryLimits, DEFAULT_CANARY_LIMITS } from './run-canary.ts';

export type { ServedVersion } from './admit-version.ts';

export type ModelState =
  | { readonly status: 'loading' }
  /** `resident`: in memory; a version that is not is loaded again by the next inference that asks for it. */
  | {
      readonly status: 'ready';
      readonly signature: Signature;
      readonly digest: string;
      readonly resident: boolean;
    }
  | { readonly status: 'failed'; readonly error: ModelError | ArtifactError };

export interface ModelHostOptions {
  readonly cache: ArtifactCache;
  readonly pool: OnnxPool;
  readonly canary?: CanaryLimits;
  /** Who may vouch for artifacts; nobody has to, unless given. */
  readonly signers?: TrustedSigners;
  /** Memory that loaded models may take, over all threads; past it the longest unused are unloaded. Unset: no limit. */
  readonly memoryBytes?: number;
}

interface Entry {
  readonly version: ServedVersion;
  readonly abort: AbortController;
  readonly loaded: Promise<void>;
  state: ModelState;
  admitted: Admitted | null;
  /** Under way while an evicted version comes back. */
  returning: Promise<void> | null;
}

/** Admissions at once: each is a process of its own, and they compete with the models being served. */
const ADMISSIONS_AT_ONCE = 2;
/** Times that a version may be evicted again between its return and its run. */
const RETURNS = 3;

/**
 * The model versions that this process serves. A version is ready only once its signer and digest were verified, a
 * process of its own has inspected, loaded and run it, and every worker has warmed it up; one that fails on the way
 * disturbs no other.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #admit = limitConcurrency(ADMISSIONS_AT_ONCE);
  readonly #memory: MemoryBudget;

  constructor(options: ModelHostOptions) {
    this.#options = options;
    this.#memory = new MemoryBudget({
      limitBytes: options.memoryBytes ?? Number.POSITIVE_INFINITY,
      evict: (key) => this.#evict(key),
    });
  }

  /**
   * Resolves when the version is ready; rejects with ArtifactError or ModelError. Asked again, it gives the
   * same answer, or tries once more after a failure. Other bytes under the same version: `immutable`.
   */
  serve(version: ServedVersion): Promise<void> {
    const key = nameOf(version);
    const known = this.#entries.get(key);
    if (known !== undefined && known.state.status !== 'failed') {
      if (known.version.sha256 === version.sha256) return known.loaded;
      const message = `${key} serves sha256 ${known.version.sha256}; register ${version.sha256} as a new version`;
      return Promise.reject(new ModelError('immutable', message));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Entry = {
      version,
      abort: new AbortController(),
      loaded: promise,
      state: { status: 'loading' },
      admitted: null,
      returning: null,
    };
    this.#entries.set(key, entry);
    this.#admit(() => this.#admitAndLoad(entry)).then(resolve, reject);
    return promise;
  }

  /** Undefined for a version that was never asked for, or was withdrawn. */
  state(model: string, version: string): ModelState | undefined {
    return this.#entries.get(nameOf({ model, version }))?.state;
  }

  /** Runs one inference on a ready version, which is loaded first where it had made room. Throws ModelError. */
  async infer(request: PoolInferRequest): Promise<readonly Tensor[]> {
    const key = nameOf(request);
    for (let tries = 1; ; tries += 1) {
      const entry = this.#entries.get(key);
      if (entry?.state.status !== 'ready') {
        throw new ModelError(
          'unknown-model',
          `${key} is not ready here (${entry?.state.status ?? 'unknown'})`,
        );
      }
      if (!entry.state.resident) await this.#bringBack(entry, request.signal);
      this.#memory.touch(key);
      try {
        return await this.#options.pool.infer(request);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        // A runaway is out of the pool: to call it ready would send it every next request.
        if (error.code === 'runaway') this.#fail(entry, error);
        if (error.code !== 'unknown-model' || tries === RETURNS) throw error;
      }
    }
  }

  /** Stops serving a version: loading ends, running inferences finish. */
  async withdraw(model: string, version: string): Promise<void> {
    const key = nameOf({ model, version });
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.abort.abort(new ModelError('cancelled', `${key} was withdrawn`));
    await Promise.allSettled([entry.loaded, entry.returning]);
    await this.#options.pool.unload(model, version);
    this.#memory.release(key);
    this.#release(entry.version.sha256);
  }

  async close(): Promise<void> {
    const versions = [...this.#entries.values()].map(({ version }) => version);
    await Promise.all(versions.map(({ model, version }) => this.withdraw(model, version)));
  }

  async #admitAndLoad(entry: Entry): Promise<void> {
    const { version, abort } = entry;
    const { signal } = abort;
    const { cache, canary = DEFAULT_CANARY_LIMITS, signers = new Map() } = this.#options;
    try {
      signal.throwIfAborted();
      entry.admitted = await admitVersion(version, { cache, canary, signers, signal });
      await this.#load(entry, entry.admitted);
      signal.throwIfAborted();
    } catch (cause) {
      const known = cause instanceof ModelError || cause instanceof ArtifactError;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = known ? cause : new ModelError('failed', `${nameOf(version)}: ${reason}`, { cause });
      this.#fail(entry, error);
      throw error;
    }
  }

  async #load(entry: Entry, { path, profile, example }: Admitted): Promise<void> {
    const { version } = entry;
    const key = nameOf(version);
    const { pool } = this.#options;
    await this.#memory.reserve(key, version.sizeBytes * pool.copies);
    try {
      await pool.load({ ...version, path, profile, warmUp: example });
    } catch (error) {
      this.#memory.release(key);
      throw error;
    }
    entry.state = { status: 'ready', signature: profile.signature, digest: version.sha256, resident: true };
  }

  async #bringBack(entry: Entry, signal: AbortSignal | undefined): Promise<void> {
    const { admitted } = entry;
    if (admitted === null) throw new Error('a version was ready without having been admitted');
    entry.returning ??= this.#load(entry, admitted).finally(() => {
      entry.returning = null;
    });
    try {
      await untilAborted(entry.returning, signal);
    } catch (error) {
      throw signal?.aborted ? abortedError(signal) : error;
    }
  }

  /** Waits for the version's inferences and takes it out of memory; its file stays. */
  async #evict(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry?.state.status !== 'ready') return;
    entry.state = { ...entry.state, resident: false };
    await this.#options.pool.unload(entry.version.model, entry.version.version);
  }

  #fail(entry: Entry, error: ModelError | ArtifactError): void {
    entry.state = { status: 'failed', error };
    this.#memory.release(nameOf(entry.version));
    this.#release(entry.version.sha256);
  }

  /** Two versions may be the same bytes: the file stays while either needs it. */
  #release(sha256: string): void {
    const needed = [...this.#entries.values()].some(
      ({ version, state }) => version.sha256 === sha256 && state.status !== 'failed',
    );
    if (!needed) this.#options.cache.release(sha256);
  }
}

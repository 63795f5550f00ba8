import type { ArtifactCache, ArtifactRef } from '../artifacts/artifact-cache.ts';
import { ArtifactError } from '../artifacts/artifact-error.ts';
import type { Signature, Tensor } from '../codecs/tensor.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import { ModelError } from './model-error.ts';
import type { OnnxPool, PoolInferRequest } from './onnx-pool.ts';
import { type CanaryLimits, DEFAULT_CANARY_LIMITS, runCanary } from './run-canary.ts';

/** A model version and where the bytes of it lie. */
export interface ServedVersion extends ArtifactRef {
  readonly model: string;
  readonly version: string;
}

export type ModelState =
  | { readonly status: 'loading' }
  | { readonly status: 'ready'; readonly signature: Signature; readonly digest: string }
  | { readonly status: 'failed'; readonly error: ModelError | ArtifactError };

export interface ModelHostOptions {
  readonly cache: ArtifactCache;
  readonly pool: OnnxPool;
  readonly canary?: CanaryLimits;
}

interface Entry {
  readonly version: ServedVersion;
  readonly abort: AbortController;
  readonly loaded: Promise<void>;
  state: ModelState;
}

/** Admissions at once: each is a process of its own, and they compete with the models being served. */
const ADMISSIONS_AT_ONCE = 2;

/**
 * The model versions that this process serves. A version is ready only once its digest was verified, a
 * process of its own has inspected, loaded and run it, and every worker has warmed it up; one that fails on
 * the way disturbs no other.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #admit = limitConcurrency(ADMISSIONS_AT_ONCE);

  constructor(options: ModelHostOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the version is ready; rejects with ArtifactError or ModelError. Asked again, it gives the
   * same answer, or tries once more after a failure. Other bytes under the same version: `immutable`.
   */
  serve(version: ServedVersion): Promise<void> {
    const key = keyOf(version);
    const known = this.#entries.get(key);
    if (known !== undefined && known.state.status !== 'failed') {
      if (known.version.sha256 === version.sha256) return known.loaded;
      const message = `${key} serves sha256 ${known.version.sha256}; register ${version.sha256} as a new version`;
      return Promise.reject(new ModelError('immutable', message));
    }
    const abort = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Entry = { version, abort, loaded: promise, state: { status: 'loading' } };
    this.#entries.set(key, entry);
    this.#admit(() => this.#load(entry)).then(resolve, reject);
    return promise;
  }

  /** Undefined for a version that was never asked for, or was withdrawn. */
  state(model: string, version: string): ModelState | undefined {
    return this.#entries.get(keyOf({ model, version }))?.state;
  }

  /** Runs one inference on a ready version. Throws ModelError. */
  async infer(request: PoolInferRequest): Promise<readonly Tensor[]> {
    const key = keyOf(request);
    const entry = this.#entries.get(key);
    if (entry?.state.status !== 'ready') {
      throw new ModelError('unknown-model', `${key} is not ready here (${entry?.state.status ?? 'unknown'})`);
    }
    try {
      return await this.#options.pool.infer(request);
    } catch (error) {
      // A runaway is out of the pool: to call it ready would send it every next request.
      if (error instanceof ModelError && error.code === 'runaway') this.#fail(entry, error);
      throw error;
    }
  }

  /** Stops serving a version: loading ends, running inferences finish. */
  async withdraw(model: string, version: string): Promise<void> {
    const key = keyOf({ model, version });
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.abort.abort(new ModelError('cancelled', `${key} was withdrawn`));
    await entry.loaded.catch(() => undefined);
    await this.#options.pool.unload(model, version);
    this.#release(entry.version.sha256);
  }

  async close(): Promise<void> {
    const versions = [...this.#entries.values()].map(({ version }) => version);
    await Promise.all(versions.map(({ model, version }) => this.withdraw(model, version)));
  }

  async #load(entry: Entry): Promise<void> {
    const { version, abort } = entry;
    const { signal } = abort;
    const { cache, pool, canary = DEFAULT_CANARY_LIMITS } = this.#options;
    try {
      signal.throwIfAborted();
      const path = await cache.fetch(version, { signal });
      const profile = await runCanary({ path }, canary, signal);
      const { signature } = profile;
      await pool.load({ ...version, path, profile });
      signal.throwIfAborted();
      entry.state = { status: 'ready', signature, digest: version.sha256 };
    } catch (cause) {
      const known = cause instanceof ModelError || cause instanceof ArtifactError;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = known ? cause : new ModelError('failed', `${keyOf(version)}: ${reason}`, { cause });
      this.#fail(entry, error);
      throw error;
    }
  }

  #fail(entry: Entry, error: ModelError | ArtifactError): void {
    entry.state = { status: 'failed', error };
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

function keyOf({ model, version }: { readonly model: string; readonly version: string }): string {
  return `${model}/${version}`;
}

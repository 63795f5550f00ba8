import { setTimeout as sleep } from 'node:timers/promises';
import { limitConcurrency } from './limit-concurrency.ts';
import type { LoadedModel } from './loaded-model.ts';
import { ModelError } from './model-error.ts';
import { PoolWorker } from './pool-worker.ts';

export interface WorkerCrewOptions {
  readonly workers: number;
  /** JavaScript heap of each thread, for text and bookkeeping; weights and numbers lie outside of it. */
  readonly heapMiB: number;
  /** The models that every thread is to have, as they are now. */
  readonly models: () => Iterable<LoadedModel>;
  /** A thread may have become idle. */
  readonly onFree: () => void;
  /** A thread ended unasked, or was given up; a new one is on its way. */
  readonly onDeath: (error: ModelError) => void;
}

const FIRST_RESTART_PAUSE_MS = 100;
const LONGEST_RESTART_PAUSE_MS = 30_000;
/** A model that takes longer to load is loaded into a new thread: a serving one would keep its requests waiting. */
const LOADED_ASIDE_FROM_MS = 10;

/** The pool's threads: how many there are, which models they have, and what takes the place of one that is gone. */
export class WorkerCrew {
  readonly #options: WorkerCrewOptions;
  readonly #workers = new Set<PoolWorker>();
  readonly #restarts = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** One load at a time: each takes a thread, or the time of one. */
  readonly #oneByOne = limitConcurrency(1);
  #abandoned = 0;

  constructor(options: WorkerCrewOptions) {
    this.#options = options;
    for (let index = 0; index < options.workers; index += 1) this.#workers.add(this.#spawn());
  }

  get abandoned(): number {
    return this.#abandoned;
  }

  idle(): PoolWorker | undefined {
    for (const worker of this.#workers) if (worker.isIdle) return worker;
    return undefined;
  }

  /**
   * Brings a model into every thread, one after the other, so that the others go on. Where that takes long and
   * there is other work, a new thread that has all models takes each thread's place. Throws ModelError.
   */
  load(model: LoadedModel): Promise<void> {
    return this.#oneByOne(async () => {
      const isAlone = [...this.#options.models()].length < 2;
      const aside = !isAlone && model.profile.loadMs >= LOADED_ASIDE_FROM_MS;
      for (const worker of [...this.#workers]) {
        if (aside) await this.#renew(worker);
        else await this.#loadInto(worker, model);
      }
    });
  }

  /** Frees the model's memory in every thread; one that never had it, or that died, has nothing to free. */
  async unload(key: string): Promise<void> {
    await Promise.allSettled(
      [...this.#workers].map((worker) =>
        // Whoever came meanwhile waits for this thread, and for nothing else that would wake it.
        worker.call({ kind: 'unload', key }).finally(() => this.#options.onFree()),
      ),
    );
  }

  /** Gives up a thread that is stuck in a native call, and puts another one in its place. */
  abandon(worker: PoolWorker, error: ModelError): void {
    this.#abandoned += 1;
    void worker.abandon(error).then(() => {
      this.#abandoned -= 1;
    });
    this.#replace(worker, error);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#restarts, ...[...this.#workers].map((worker) => worker.stop())]);
  }

  async #loadInto(worker: PoolWorker, { key, path, warmUp }: LoadedModel): Promise<void> {
    await worker.call({ kind: 'load', key, path, warmUp });
    this.#options.onFree();
  }

  #spawn(): PoolWorker {
    return new PoolWorker(this.#options.heapMiB, (worker, error) => this.#replace(worker, error));
  }

  /** A new thread with every model in place of one that serves, which ends when it has answered. */
  async #renew(worker: PoolWorker): Promise<void> {
    const fresh = this.#spawn();
    try {
      await this.#catchUp(fresh);
    } catch (error) {
      await fresh.stop();
      throw error;
    }
    // It may have died meanwhile, and be replaced already.
    if (!this.#workers.delete(worker)) return fresh.stop();
    this.#workers.add(fresh);
    this.#options.onFree();
    await worker.stop();
  }

  #replace(worker: PoolWorker, error: ModelError): void {
    const wasServing = this.#workers.delete(worker);
    if (this.#closing.signal.aborted || !wasServing) return;
    this.#options.onDeath(error);
    const restart = this.#restart().finally(() => this.#restarts.delete(restart));
    this.#restarts.add(restart);
  }

  /** Tries until a thread stands with every model loaded; requests wait or go to the other threads meanwhile. */
  async #restart(): Promise<void> {
    const { signal } = this.#closing;
    for (let pauseMs = FIRST_RESTART_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_RESTART_PAUSE_MS)) {
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const worker = this.#spawn();
      try {
        await this.#catchUp(worker);
        this.#workers.add(worker);
        return this.#options.onFree();
      } catch (error) {
        await worker.stop();
        if (error instanceof ModelError) this.#options.onDeath(error);
      }
    }
  }

  /** Brings a new thread to the models served now, which may change while it loads. */
  async #catchUp(worker: PoolWorker): Promise<void> {
    const loaded: LoadedModel[] = [];
    for (const model of this.#options.models()) {
      const { key, path, warmUp } = model;
      await worker.call({ kind: 'load', key, path, warmUp });
      loaded.push(model);
    }
    const served = new Set(this.#options.models());
    for (const { key } of loaded.filter((model) => !served.has(model)))
      await worker.call({ kind: 'unload', key });
  }
}

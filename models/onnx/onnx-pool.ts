import { setTimeout as sleep } from 'node:timers/promises';
import type { Signature, Tensor } from '../codecs/tensor.ts';
import { ModelError } from './model-error.ts';
import { PoolWorker } from './pool-worker.ts';

export interface OnnxPoolOptions {
  /** Threads, each of which holds every model and does one inference at a time. */
  readonly workers: number;
  /** Inferences that may wait; one more is `overloaded`. */
  readonly queueLimit?: number;
  /** An inference still running after so long is a runaway: its worker is given up and its model unloaded, ms. */
  readonly stuckAfterMs?: number;
  /** JavaScript heap of each thread, for text and bookkeeping; weights and numbers lie outside of it. */
  readonly heapMiB?: number;
  /** Told of each thread that ended unasked, after its requests failed; a new one is on its way then. */
  readonly onWorkerDeath?: (error: ModelError) => void;
}

export interface LoadRequest {
  readonly model: string;
  readonly version: string;
  /** A file that has been admitted by runCanary, and stays until the model is unloaded. */
  readonly path: string;
  readonly signature: Signature;
}

export interface PoolInferRequest {
  readonly model: string;
  readonly version: string;
  readonly inputs: readonly Tensor[];
  /** All of the signature's, unless given. */
  readonly outputs?: readonly string[] | undefined;
  /** Aborted by a TimeoutError: `deadline`; by anything else: `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

interface LoadedModel extends LoadRequest {
  /** New for each load, so that a version that goes and comes back is not taken for its former self. */
  readonly key: string;
  readonly jobs: Set<Promise<unknown>>;
}

interface Job {
  readonly model: LoadedModel;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly settle: PromiseWithResolvers<readonly Tensor[]>;
}

const DEFAULT_QUEUE_LIMIT = 1_024;
const DEFAULT_STUCK_AFTER_MS = 60_000;
const DEFAULT_HEAP_MIB = 512;
const WATCH_EVERY_MS = 500;
const FIRST_RESTART_PAUSE_MS = 100;
const LONGEST_RESTART_PAUSE_MS = 30_000;

/**
 * Worker threads that run ONNX models, behind one queue. The runtime blocks the thread it runs in, so it
 * never runs in the caller's. A thread that dies fails what it was at with `worker-died` and is replaced by
 * one that has loaded every model first.
 */
export class OnnxPool {
  readonly #options: OnnxPoolOptions;
  readonly #models = new Map<string, LoadedModel>();
  readonly #workers = new Set<PoolWorker>();
  readonly #restarts = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #queue: Job[] = [];
  readonly #running = new Map<PoolWorker, Job>();
  readonly #watch: NodeJS.Timeout;
  #abandoned = 0;
  #loads = 0;

  constructor(options: OnnxPoolOptions) {
    this.#options = options;
    for (let index = 0; index < options.workers; index += 1) this.#workers.add(this.#spawn());
    this.#watch = setInterval(() => this.#abandonStuck(), WATCH_EVERY_MS).unref();
  }

  /** Threads given up that are still within a native call: until they end, the process can only be killed. */
  get abandonedThreads(): number {
    return this.#abandoned;
  }

  /** Inferences that wait for a worker. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Loads the model into every worker and warms it up there. Throws ModelError; nothing is loaded then. */
  async load(request: LoadRequest): Promise<void> {
    this.#loads += 1;
    const key = `${nameOf(request)}#${this.#loads}`;
    const model = { ...request, key, jobs: new Set<Promise<unknown>>() };
    this.#models.set(nameOf(request), model);
    try {
      await Promise.all([...this.#workers].map((worker) => this.#loadInto(worker, model)));
    } catch (error) {
      await this.unload(request.model, request.version);
      throw error;
    }
  }

  /** Takes no new inferences for the version, waits for those it has, and frees its memory. */
  async unload(model: string, version: string): Promise<void> {
    const name = nameOf({ model, version });
    const loaded = this.#models.get(name);
    if (loaded === undefined) return;
    const { key } = loaded;
    this.#models.delete(name);
    await Promise.allSettled(loaded.jobs);
    // A worker that never had it, or that died, has nothing to free.
    await Promise.allSettled([...this.#workers].map((worker) => worker.call({ kind: 'unload', key })));
  }

  /** Runs one inference. Throws ModelError. Aborted before its turn, it never runs; after, nobody waits. */
  async infer(request: PoolInferRequest): Promise<readonly Tensor[]> {
    const { inputs, signal } = request;
    const model = this.#models.get(nameOf(request));
    if (model === undefined) {
      throw new ModelError('unknown-model', `${request.model}/${request.version} is not loaded here`);
    }
    if (signal?.aborted) throw abortedError(signal);
    refuseNul(inputs);
    const { queueLimit = DEFAULT_QUEUE_LIMIT } = this.#options;
    const outputs = request.outputs ?? model.signature.outputs.map(({ name }) => name);
    const job: Job = { model, inputs, outputs, settle: Promise.withResolvers() };
    const idle = this.#idleWorker();
    if (idle === undefined && this.#queue.length >= queueLimit) {
      throw new ModelError(
        'overloaded',
        `${queueLimit} inferences wait already: send it again later or elsewhere`,
      );
    }
    if (idle === undefined) this.#queue.push(job);
    else this.#run(job, idle);
    return this.#outcome(job, signal);
  }

  /** Fails what waits, lets running inferences end, and stops every thread that can be stopped. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new ModelError('cancelled', 'the pool is closing');
    for (const job of this.#queue.splice(0)) job.settle.reject(closed);
    await Promise.allSettled([...this.#running.values()].map((job) => job.settle.promise));
    await Promise.all([...this.#restarts, ...[...this.#workers].map((worker) => worker.stop())]);
    clearInterval(this.#watch);
  }

  async #outcome(job: Job, signal: AbortSignal | undefined): Promise<readonly Tensor[]> {
    const { promise, reject } = job.settle;
    const abort = () => {
      const place = this.#queue.indexOf(job);
      if (place !== -1) this.#queue.splice(place, 1);
      if (signal !== undefined) reject(abortedError(signal));
    };
    signal?.addEventListener('abort', abort, { once: true });
    job.model.jobs.add(promise);
    try {
      return await promise;
    } finally {
      job.model.jobs.delete(promise);
      signal?.removeEventListener('abort', abort);
    }
  }

  #idleWorker(): PoolWorker | undefined {
    for (const worker of this.#workers) if (worker.isIdle) return worker;
    return undefined;
  }

  #run(job: Job, worker: PoolWorker): void {
    const { model, inputs, outputs, settle } = job;
    this.#running.set(worker, job);
    worker
      .call({ kind: 'run', key: model.key, inputs, outputs })
      .then(settle.resolve, settle.reject)
      .finally(() => {
        this.#running.delete(worker);
        this.#pump();
      });
  }

  #pump(): void {
    for (let worker = this.#idleWorker(); worker !== undefined; worker = this.#idleWorker()) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#run(job, worker);
    }
  }

  async #loadInto(worker: PoolWorker, { key, path, signature }: LoadedModel): Promise<void> {
    await worker.call({ kind: 'load', key, path, signature });
    this.#pump();
  }

  #spawn(): PoolWorker {
    const { heapMiB = DEFAULT_HEAP_MIB } = this.#options;
    return new PoolWorker(heapMiB, (worker, error) => this.#replace(worker, error));
  }

  #replace(worker: PoolWorker, error: ModelError): void {
    const wasServing = this.#workers.delete(worker);
    if (this.#closing.signal.aborted || !wasServing) return;
    this.#options.onWorkerDeath?.(error);
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
        return this.#pump();
      } catch (error) {
        await worker.stop();
        if (error instanceof ModelError) this.#options.onWorkerDeath?.(error);
      }
    }
  }

  /** Brings a new thread to the models served now, which may change while it loads. */
  async #catchUp(worker: PoolWorker): Promise<void> {
    const loaded: LoadedModel[] = [];
    for (const model of this.#models.values()) {
      await this.#loadInto(worker, model);
      loaded.push(model);
    }
    const gone = loaded.filter((model) => this.#models.get(nameOf(model)) !== model);
    for (const { key } of gone) await worker.call({ kind: 'unload', key });
  }

  /** Fails what waits for a model and takes it out of every thread. */
  #refuse(model: LoadedModel, error: ModelError): void {
    for (const job of this.#queue.filter((queued) => queued.model === model)) {
      this.#queue.splice(this.#queue.indexOf(job), 1);
      job.settle.reject(error);
    }
    void this.unload(model.model, model.version);
  }

  #abandonStuck(): void {
    const { stuckAfterMs = DEFAULT_STUCK_AFTER_MS } = this.#options;
    const now = performance.now();
    for (const [worker, { model }] of this.#running) {
      if (worker.busyForMs(now) <= stuckAfterMs) continue;
      const message = `${nameOf(model)} was still busy after ${stuckAfterMs} ms and is served no more`;
      const error = new ModelError('runaway', message);
      this.#running.delete(worker);
      this.#abandoned += 1;
      void worker.abandon(error).then(() => {
        this.#abandoned -= 1;
      });
      this.#replace(worker, error);
      this.#refuse(model, error);
    }
  }
}

function nameOf({ model, version }: { readonly model: string; readonly version: string }): string {
  return `${model}/${version}`;
}

function abortedError(signal: AbortSignal): ModelError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  return timedOut
    ? new ModelError('deadline', 'the deadline passed before the model answered')
    : new ModelError('cancelled', 'the request was cancelled before the model answered');
}

/** The binding hands strings over as C does: a NUL would silently cut the rest off. */
function refuseNul(inputs: readonly Tensor[]): void {
  for (const { name, datatype, data } of inputs) {
    if (datatype !== 'BYTES' || ArrayBuffer.isView(data)) continue;
    const index = data.findIndex((text) => text.includes('\0'));
    if (index === -1) continue;
    throw new ModelError(
      'bad-input',
      `input ${JSON.stringify(name)}: element ${index} holds a NUL, which models cannot take`,
    );
  }
}

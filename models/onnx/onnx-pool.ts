import type { Tensor } from '../codecs/tensor.ts';
import { FairTurns } from './fair-turns.ts';
import { InlineModels } from './inline-models.ts';
import { abortedError, outcomeOf, rejectWaiting, settle } from './job-outcome.ts';
import { type LoadedModel, type LoadRequest, loadedModel, nameOf } from './loaded-model.ts';
import { ModelError } from './model-error.ts';
import type { Job } from './model-queue.ts';
import type { EndedRun, PoolInferRequest } from './pool-infer-request.ts';
import type { PoolWorker } from './pool-worker.ts';
import { refuseNul } from './refuse-nul.ts';
import { WorkerCrew } from './worker-crew.ts';

export interface OnnxPoolOptions {
  /** Threads, each of which holds every model and does one run at a time. */
  readonly workers: number;
  /** A run that goes on for so long is a runaway: its worker is given up and its model unloaded, ms. */
  readonly stuckAfterMs?: number;
  /** JavaScript heap of each thread, for text and bookkeeping; weights and numbers lie outside of it. */
  readonly heapMiB?: number;
  /** Told of each thread that ended unasked, after its requests failed; a new one is on its way then. */
  readonly onWorkerDeath?: (error: ModelError) => void;
  readonly onRun?: (run: EndedRun) => void;
}

interface Run {
  readonly model: LoadedModel;
  readonly jobs: readonly Job[];
  readonly startedAtMs: number;
  readonly background: boolean;
}

interface Reported {
  readonly jobs: readonly Pick<Job, 'queuedAtMs' | 'onRun'>[];
  readonly startedAtMs: number;
  readonly inline: boolean;
}

const DEFAULT_STUCK_AFTER_MS = 60_000;
const DEFAULT_HEAP_MIB = 512;
const WATCH_EVERY_MS = 500;
const LAST = Number.POSITIVE_INFINITY;

/**
 * Worker threads that run ONNX models. The runtime blocks the thread it runs in, so only the smallest models run in
 * the caller's. What waits while a run goes on is the next run, together where its rows are independent; nobody
 * ever waits for company. Models take turns by the time that each has had.
 */
export class OnnxPool {
  readonly #options: OnnxPoolOptions;
  readonly #models = new Map<string, LoadedModel>();
  readonly #turns = new FairTurns<LoadedModel>();
  readonly #inline = new InlineModels();
  readonly #running = new Map<PoolWorker, Run>();
  readonly #crew: WorkerCrew;
  readonly #watch: NodeJS.Timeout;
  #loads = 0;

  constructor(options: OnnxPoolOptions) {
    this.#options = options;
    this.#crew = new WorkerCrew({
      workers: options.workers,
      heapMiB: options.heapMiB ?? DEFAULT_HEAP_MIB,
      models: () => this.#models.values(),
      onFree: () => this.#pump(),
      onDeath: (error) => options.onWorkerDeath?.(error),
    });
    this.#watch = setInterval(() => this.#abandonStuck(), WATCH_EVERY_MS).unref();
  }

  /** Threads given up that are still within a native call: until they end, the process can only be killed. */
  get abandonedThreads(): number {
    return this.#crew.abandoned;
  }

  /** Of each model in memory: one per thread. */
  get copies(): number {
    return this.#options.workers;
  }

  /** Inferences that wait for a worker. */
  get queueLength(): number {
    return this.#models.values().reduce((sum, { queue }) => sum + queue.length, 0);
  }

  /** Loads the model into every worker and warms it up there. Throws ModelError; nothing is loaded then. */
  async load(request: LoadRequest): Promise<void> {
    this.#loads += 1;
    const model = loadedModel(request, this.#loads);
    this.#models.set(nameOf(request), model);
    try {
      await this.#crew.load(model);
      await this.#inline.open(model);
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
    this.#models.delete(name);
    await Promise.allSettled(loaded.jobs);
    this.#turns.forget(loaded);
    await Promise.all([this.#inline.close(loaded.key), this.#crew.unload(loaded.key)]);
  }

  /** Runs one inference. Throws ModelError. Aborted before its turn, it never runs; after, nobody waits. */
  async infer(request: PoolInferRequest): Promise<readonly Tensor[]> {
    const { inputs } = request;
    const model = this.#models.get(nameOf(request));
    if (model === undefined) {
      throw new ModelError('unknown-model', `${nameOf(request)} is not loaded here`);
    }
    refuseNul(inputs);
    const outputs = request.outputs ?? model.profile.signature.outputs.map(({ name }) => name);
    const { onRun } = request;
    // Over before anybody could want it stopped: a signal is not even looked at.
    if (this.#inline.suits(model, inputs)) return this.#runHere(model, { inputs, outputs, onRun });
    if (request.signal?.aborted) throw abortedError(request.signal);
    const queue = request.background === true ? model.background : model.queue;
    if (this.#crew.idle() === undefined && queue.length >= model.queueLimit) {
      const message = `${model.queueLimit} inferences wait for ${nameOf(model)} already: send it again later or elsewhere`;
      throw new ModelError('overloaded', message);
    }
    const { priority = LAST } = request;
    const job: Job = {
      inputs,
      outputs,
      priority,
      onRun,
      queuedAtMs: performance.now(),
      settle: Promise.withResolvers(),
    };
    queue.add(job);
    if (queue === model.queue) this.#turns.activate(model);
    this.#pump();
    return track(model, outcomeOf(job, { model, queue }, request));
  }

  /** Fails what waits, lets running inferences end, and stops every thread that can be stopped. */
  async close(): Promise<void> {
    const closed = new ModelError('cancelled', 'the pool is closing');
    for (const model of this.#models.values()) rejectWaiting(model, closed);
    const running = [...this.#running.values()].flatMap(({ jobs }) =>
      jobs.map(({ settle }) => settle.promise),
    );
    await Promise.allSettled(running);
    await this.#crew.close();
    clearInterval(this.#watch);
  }

  async #runHere(
    model: LoadedModel,
    { onRun, ...request }: Pick<Job, 'inputs' | 'outputs' | 'onRun'>,
  ): Promise<readonly Tensor[]> {
    const startedAtMs = performance.now();
    try {
      return await track(model, this.#inline.run(model, request));
    } finally {
      this.#report(model, { jobs: [{ queuedAtMs: startedAtMs, onRun }], startedAtMs, inline: true });
    }
  }

  #pump(): void {
    for (let worker = this.#crew.idle(); worker !== undefined; worker = this.#crew.idle()) {
      const model = this.#turns.next();
      const run = model === undefined ? this.#nextInBackground() : { model, jobs: model.queue.take() };
      if (run === null) return;
      this.#run(worker, { ...run, startedAtMs: performance.now(), background: model === undefined });
    }
  }

  /** One at a time, so that with several threads the others stay free. */
  #nextInBackground(): Pick<Run, 'model' | 'jobs'> | null {
    if (this.#running.values().some(({ background }) => background)) return null;
    const model = this.#models.values().find(({ background }) => background.length > 0);
    return model === undefined ? null : { model, jobs: model.background.take() };
  }

  #run(worker: PoolWorker, run: Run): void {
    const { model, jobs, startedAtMs } = run;
    this.#running.set(worker, run);
    const requests = jobs.map(({ inputs, outputs }) => ({ inputs, outputs }));
    worker
      .call({ kind: 'run', key: model.key, requests })
      .then(
        (results) => settle(jobs, results),
        (error) => {
          for (const job of jobs) job.settle.reject(error);
        },
      )
      .finally(() => {
        this.#running.delete(worker);
        if (!run.background) this.#turns.charge(model, performance.now() - startedAtMs);
        this.#report(model, { jobs, startedAtMs, inline: false });
        this.#pump();
      });
  }

  #report({ model, version }: LoadedModel, { jobs, startedAtMs, inline }: Reported): void {
    const endedAtMs = performance.now();
    const requests = jobs.length;
    for (const { queuedAtMs, onRun } of jobs)
      onRun?.({ queuedAtMs, startedAtMs, endedAtMs, requests, inline });
    const waitedMs = jobs.map(({ queuedAtMs }) => startedAtMs - queuedAtMs);
    this.#options.onRun?.({ model, version, requests, waitedMs, tookMs: endedAtMs - startedAtMs });
  }

  #abandonStuck(): void {
    const { stuckAfterMs = DEFAULT_STUCK_AFTER_MS } = this.#options;
    const now = performance.now();
    for (const [worker, { model }] of this.#running) {
      if (worker.busyForMs(now) <= stuckAfterMs) continue;
      const message = `${nameOf(model)} was still busy after ${stuckAfterMs} ms and is served no more`;
      const error = new ModelError('runaway', message);
      this.#running.delete(worker);
      this.#crew.abandon(worker, error);
      rejectWaiting(model, error);
      void this.unload(model.model, model.version);
    }
  }
}

/** Counts an inference among those that the model's unloading waits for. */
async function track<T>({ jobs }: LoadedModel, outcome: Promise<T>): Promise<T> {
  jobs.add(outcome);
  try {
    return await outcome;
  } finally {
    jobs.delete(outcome);
  }
}

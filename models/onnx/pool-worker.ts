import { Worker } from 'node:worker_threads';

import { ModelError } from './model-error.ts';
import type { RunResult } from './run-requests.ts';
import type { WorkerReply, WorkerTask } from './worker-messages.ts';

interface PendingCall extends PromiseWithResolvers<readonly RunResult[]> {
  /** When it was asked, by performance.now(). */
  readonly askedAt: number;
}

/** One worker thread and the calls it has not answered yet; answers come in order, so a queue pairs them. */
export class PoolWorker {
  readonly #thread: Worker;
  readonly #pending: PendingCall[] = [];
  readonly #exited: Promise<void>;
  #death: ModelError | null = null;

  /** `onDeath` is called at most once: when the thread ends by anything but `abandon` or `stop`. */
  constructor(heapMiB: number, onDeath: (worker: PoolWorker, error: ModelError) => void) {
    this.#thread = new Worker(new URL('onnx.worker.ts', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    const die = (reason: string) => {
      if (this.#death !== null) return;
      const message = `the worker thread died (${reason}); the request may be sent again`;
      const error = new ModelError('worker-died', message);
      this.#fail(error);
      onDeath(this, error);
    };
    this.#thread.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#thread.on('error', (error) => die(error instanceof Error ? error.message : String(error)));
    this.#thread.on('messageerror', (error) => die(error.message));
    this.#thread.on('exit', (code) => {
      die(`exit code ${code}`);
      resolve();
    });
  }

  get isIdle(): boolean {
    return this.#death === null && this.#pending.length === 0;
  }

  /** How long the task that it is at has taken, ms; 0 when idle. */
  busyForMs(now: number): number {
    const [current] = this.#pending;
    return current === undefined ? 0 : now - current.askedAt;
  }

  /** Inputs are copied, so that the caller may send them elsewhere if this fails. Rejects with ModelError. */
  call(task: WorkerTask): Promise<readonly RunResult[]> {
    if (this.#death !== null) return Promise.reject(this.#death);
    const call = { ...Promise.withResolvers<readonly RunResult[]>(), askedAt: performance.now() };
    this.#thread.postMessage(task);
    this.#pending.push(call);
    return call.promise;
  }

  /**
   * Gives the thread up: its calls fail now, and it ends when its native call returns, if ever. Not before:
   * ending a thread within a native call lets the runtime's binding abort the whole process.
   */
  async abandon(error: ModelError): Promise<void> {
    this.#fail(error);
    this.#thread.unref();
    await this.#exited;
  }

  /** Ends the thread once it has answered what it was asked. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#pending.map(({ promise }) => promise));
    this.#death ??= new ModelError('cancelled', 'the worker thread was stopped');
    await Promise.all([this.#thread.terminate(), this.#exited]);
  }

  #settle(reply: WorkerReply): void {
    if (this.#death !== null) {
      void this.#thread.terminate();
      return;
    }
    const call = this.#pending.shift();
    const next = this.#pending[0];
    if (next !== undefined) this.#pending[0] = { ...next, askedAt: performance.now() };
    if (reply.ok) call?.resolve(reply.results);
    else call?.reject(new ModelError(reply.failure.code, reply.failure.message));
  }

  #fail(error: ModelError): void {
    this.#death ??= error;
    for (const call of this.#pending.splice(0)) call.reject(error);
  }
}

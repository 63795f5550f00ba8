import type { Tensor } from '../codecs/tensor.ts';
import { type LoadedModel, nameOf } from './loaded-model.ts';
import { ModelError } from './model-error.ts';
import type { Job, ModelQueue } from './model-queue.ts';
import type { RunResult } from './run-requests.ts';

interface Place {
  readonly model: LoadedModel;
  readonly queue: ModelQueue;
}

interface Patience {
  readonly signal?: AbortSignal | undefined;
  readonly queueTimeoutMs?: number | undefined;
}

/**
 * What comes of a job: its outputs, or a ModelError; at the latest when its signal aborts, or when it has waited as
 * long as it or its model allows. Whoever gives up waits in the queue no more.
 */
export async function outcomeOf(
  job: Job,
  place: Place,
  { signal, queueTimeoutMs }: Patience,
): Promise<readonly Tensor[]> {
  const { promise, reject } = job.settle;
  const abort = () => {
    place.queue.remove(job);
    if (signal !== undefined) reject(abortedError(signal));
  };
  const timer = limitWaiting(job, place, queueTimeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function limitWaiting(
  job: Job,
  { model, queue }: Place,
  ownMs: number | undefined,
): NodeJS.Timeout | undefined {
  const limits = [ownMs, model.queueTimeoutMs].filter((limit) => limit !== undefined);
  if (limits.length === 0) return undefined;
  const limitMs = Math.min(...limits);
  return setTimeout(() => {
    if (!queue.remove(job)) return;
    const message = `no thread was free for ${nameOf(model)} within ${limitMs} ms: send it again later or elsewhere`;
    job.settle.reject(new ModelError('overloaded', message));
  }, limitMs);
}

/** What is told to a client whose signal has aborted. */
export function abortedError(signal: AbortSignal): ModelError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  return timedOut
    ? new ModelError('deadline', 'the deadline passed before the model answered')
    : new ModelError('cancelled', 'the request was cancelled before the model answered');
}

/** Everybody who waits for the model fails. */
export function rejectWaiting({ queue, background }: LoadedModel, error: ModelError): void {
  for (const job of [...queue.clear(), ...background.clear()]) job.settle.reject(error);
}

/** Gives each job of a run its result. */
export function settle(jobs: readonly Job[], results: readonly RunResult[]): void {
  for (const [index, job] of jobs.entries()) {
    const result = results[index];
    if (result?.ok) job.settle.resolve(result.outputs);
    else job.settle.reject(asError(result));
  }
}

function asError(result: (RunResult & { readonly ok: false }) | undefined): ModelError {
  if (result === undefined)
    return new ModelError('failed', 'the thread left a request of its batch unanswered');
  return new ModelError(result.failure.code, result.failure.message);
}

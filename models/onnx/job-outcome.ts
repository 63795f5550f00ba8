import type { Tensor } from '../codecs/tensor.ts';
import { type LoadedModel, nameOf } from './loaded-model.ts';
import { ModelError } from './model-error.ts';
import type { Job } from './model-queue.ts';

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
  model: LoadedModel,
  { signal, queueTimeoutMs }: Patience,
): Promise<readonly Tensor[]> {
  const { promise, reject } = job.settle;
  const abort = () => {
    model.queue.remove(job);
    if (signal !== undefined) reject(abortedError(signal));
  };
  const timer = limitWaiting(job, model, queueTimeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function limitWaiting(job: Job, model: LoadedModel, ownMs: number | undefined): NodeJS.Timeout | undefined {
  const limits = [ownMs, model.queueTimeoutMs].filter((limit) => limit !== undefined);
  if (limits.length === 0) return undefined;
  const limitMs = Math.min(...limits);
  return setTimeout(() => {
    if (!model.queue.remove(job)) return;
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

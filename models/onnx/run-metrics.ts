import { Histogram, type Registry } from 'prom-client';
import type { EndedRun } from './pool-infer-request.ts';

const REQUESTS = [1, 2, 4, 8, 16, 32, 64, 128];
const SECONDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** How a pool's models wait and run. Labels are the versions being served: those of one that goes, go with it. */
export class RunMetrics {
  readonly #histograms: {
    readonly batch: Histogram<'model' | 'version'>;
    readonly queue: Histogram<'model' | 'version'>;
    readonly run: Histogram<'model' | 'version'>;
  };

  constructor(registry: Registry) {
    const perVersion = { labelNames: ['model', 'version'] as const, registers: [registry] };
    this.#histograms = {
      batch: new Histogram({
        ...perVersion,
        name: 'switchyard_model_batch_requests',
        help: 'Requests that ran together',
        buckets: REQUESTS,
      }),
      queue: new Histogram({
        ...perVersion,
        name: 'switchyard_model_queue_seconds',
        help: 'How long a request waited for a thread',
        buckets: SECONDS,
      }),
      run: new Histogram({
        ...perVersion,
        name: 'switchyard_model_run_seconds',
        help: 'How long a run took, on its thread and back',
        buckets: SECONDS,
      }),
    };
  }

  observe({ model, version, requests, waitedMs, tookMs }: EndedRun): void {
    const labels = { model, version };
    this.#histograms.batch.observe(labels, requests);
    for (const waited of waitedMs) this.#histograms.queue.observe(labels, waited / 1_000);
    this.#histograms.run.observe(labels, tookMs / 1_000);
  }

  forget(model: string, version: string): void {
    for (const histogram of Object.values(this.#histograms)) histogram.remove({ model, version });
  }
}

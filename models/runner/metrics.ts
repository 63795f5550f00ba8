import { Counter, Gauge, Histogram } from 'prom-client';
import { registryWithExemplars } from '../http/metrics-text.ts';
import type { OnnxPool } from '../onnx/onnx-pool.ts';
import { RunMetrics } from '../onnx/run-metrics.ts';

const STATUSES = ['loading', 'ready', 'failed'] as const;

export type RunnerMetrics = ReturnType<typeof createRunnerMetrics>;

/** What a runner tells Prometheus. Labels come from the repository and the routes, never from a request. */
export function createRunnerMetrics(pool: OnnxPool, states: () => readonly { readonly status: string }[]) {
  const registry = registryWithExemplars();
  const registers = [registry];
  new Gauge({
    name: 'switchyard_runner_queue_length',
    help: 'Inferences that wait for a worker',
    registers,
    collect() {
      this.set(pool.queueLength);
    },
  });
  new Gauge({
    name: 'switchyard_runner_models',
    help: 'Model versions by state',
    labelNames: ['status'],
    registers,
    collect() {
      const all = states();
      for (const status of STATUSES)
        this.set({ status }, all.filter((state) => state.status === status).length);
    },
  });
  return {
    registry,
    runs: new RunMetrics(registry),
    requests: new Counter({
      name: 'switchyard_runner_requests_total',
      help: 'Answers by route and HTTP status',
      labelNames: ['route', 'status'],
      registers,
    }),
    inferenceSeconds: new Histogram({
      name: 'switchyard_runner_inference_seconds',
      help: 'Time from a decoded request to its outputs, queueing included',
      labelNames: ['model', 'version'],
      enableExemplars: true,
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    workerDeaths: new Counter({
      name: 'switchyard_runner_worker_deaths_total',
      help: 'Worker threads that ended unasked',
      registers,
    }),
    repositoryFailures: new Counter({
      name: 'switchyard_runner_repository_failures_total',
      help: 'Looks at repository.json that failed; what was served is served on',
      registers,
    }),
    repositoryReadAt: new Gauge({
      name: 'switchyard_runner_repository_read_timestamp_seconds',
      help: 'When repository.json last changed and was taken over, seconds since the epoch',
      registers,
    }),
  };
}

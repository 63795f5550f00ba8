import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { ArtifactCache } from '../artifacts/artifact-cache.ts';
import { openObjectStore } from '../artifacts/open-object-store.ts';
import { ModelHost } from '../onnx/model-host.ts';
import { OnnxPool } from '../onnx/onnx-pool.ts';
import { countSpans } from '../tracing/count-spans.ts';
import { openTracing } from '../tracing/open-tracing.ts';
import { createRunnerHandler } from './app.ts';
import type { RunnerConfig } from './config.ts';
import { createRunnerMetrics, type RunnerMetrics } from './metrics.ts';
import { type RepositoryEvents, RepositoryWatcher } from './repository-watcher.ts';

export interface Runner {
  readonly url: string;
  /** Refuses new work, lets the running finish for at most `drainMs`, and frees everything. */
  stop(drainMs: number): Promise<void>;
  /** Threads that nothing can end: the process must be killed when there are any. */
  readonly abandonedThreads: number;
}

/** Longer than the idle timeouts of AWS's (60 s) and Google's (600 s) load balancers, which must close first. */
const KEEP_ALIVE_MS = 620_000;
const SWEEP_EVERY_MS = 50;
const MIB = 1_048_576;

/** Wires a runner together and resolves when it listens; models load after that. */
export async function startRunner(config: RunnerConfig, log: Logger): Promise<Runner> {
  const pool = new OnnxPool({
    workers: config.ONNX_WORKERS,
    onRun: (run) => metrics.runs.observe(run),
    onWorkerDeath: (error) => {
      metrics.workerDeaths.inc();
      log.error({ err: error }, 'a worker thread ended; another takes its place');
    },
  });
  const cache = new ArtifactCache({
    directory: resolve(config.CACHE_DIR),
    openStore: openObjectStore,
    maxBytes: config.CACHE_MAX_MIB * MIB,
  });
  const host = new ModelHost({
    cache,
    pool,
    signers: config.signers,
    memoryBytes: config.MODEL_MEMORY_MIB * MIB,
  });
  const metrics = createRunnerMetrics(pool, () => repository.versions().flatMap(({ state }) => state ?? []));
  const repository = new RepositoryWatcher({
    store: openObjectStore(config.MODEL_REPOSITORY),
    host,
    pollMs: config.REPOSITORY_POLL_SECONDS * 1_000,
    events: reportTo(log, metrics),
  });

  let draining = false;
  const tracing = await openTracing(config.tracing, countSpans(metrics.registry, log));
  const app = createRunnerHandler({
    tracing,
    host,
    repository,
    metrics,
    log,
    apiKey: config.RUNNER_API_KEY,
    maxBodyBytes: config.MAX_BODY_BYTES,
    isReady: () => repository.isSettled && !draining,
  });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app);
  server.listen(config.PORT, config.HOST);
  await once(server, 'listening');
  repository.start();
  return {
    url: urlOf(server),
    get abandonedThreads() {
      return pool.abandonedThreads;
    },
    async stop(drainMs) {
      draining = true;
      await drain(server, drainMs);
      await repository.stop();
      await host.close();
      await pool.close();
      await tracing?.close();
    },
  };
}

function reportTo(log: Logger, metrics: RunnerMetrics): RepositoryEvents {
  const nameOf = ({ model, version }: { model: string; version: string }) => ({ model, version });
  return {
    onRepositoryError: (error) => {
      metrics.repositoryFailures.inc();
      log.error({ err: error }, 'repository.json could not be taken over; serving what there is');
    },
    onRepositoryRead: (entries) => {
      metrics.repositoryReadAt.setToCurrentTime();
      log.info({ entries }, 'repository read');
    },
    onReady: (entry) => log.info(nameOf(entry), 'model ready'),
    onFailed: (entry, error) => log.error({ ...nameOf(entry), err: error }, 'model failed'),
    onWithdrawn: (entry) => {
      metrics.runs.forget(entry.model, entry.version);
      metrics.inferenceSeconds.remove(nameOf(entry));
      log.info(nameOf(entry), 'model withdrawn');
    },
  };
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Ends idle connections at once and the others with their answer, or by force after `drainMs`. */
async function drain(server: Server, drainMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  // A connection that was busy at close() would otherwise stay for the whole keep-alive time.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY_MS);
  const closed = once(server, 'close');
  server.close();
  await closed;
  clearTimeout(timer);
  clearInterval(sweep);
}

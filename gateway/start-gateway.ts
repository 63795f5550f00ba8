import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { startEmbeddedMongo } from '../experiments/store/embedded/start-embedded-mongo.ts';
import { openObjectStore } from '../models/artifacts/open-object-store.ts';
import { type Families, metricsText } from '../models/http/metrics-text.ts';
import { type GatewayConfig, METRICS_PATH } from './config.ts';
import { type Listening, listen } from './http/listen.ts';
import { LakeShipper } from './pipeline/lake-shipper.ts';
import { LakeUpkeep } from './pipeline/lake-upkeep.ts';
import { SpoolKeeper } from './pipeline/spool-keeper.ts';
import { startServing } from './serving.ts';
import type { GroupOptions, ServingGroup } from './serving-group.ts';
import { createTelemetry } from './telemetry/metrics.ts';
import { startWorkers } from './workers.ts';

export interface Gateway {
  readonly url: string;
  readonly metricsUrl: string;
  stop(): Promise<void>;
}

/**
 * Starts all of it: what there is once per data directory (the embedded database, the way to the lake, the
 * metrics port) in this process, and serving in this one or, with `WORKERS` above one, in as many others.
 */
export async function startGateway(config: GatewayConfig, logger: Logger): Promise<Gateway> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return await startParts(config, { logger, stops, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting {
  readonly logger: Logger;
  /** What has started, to be stopped in reverse order. */
  readonly stops: (() => Promise<void>)[];
  readonly stop: () => Promise<void>;
}

async function startParts(config: GatewayConfig, { logger, stops, stop }: Starting): Promise<Gateway> {
  let { mongodbUri } = config;
  if (mongodbUri === null) {
    const embedded = await startEmbeddedMongo({ directory: join(config.dataDir, 'mongo') });
    stops.push(() => embedded.stop());
    mongodbUri = embedded.uri;
  }
  const registry = new Registry();
  const lake = openObjectStore(config.lakeUri);
  const shipper = await LakeShipper.open({
    directory: join(config.dataDir, 'spool'),
    lake,
    registry,
    log: logger,
  });
  stops.push(() => shipper.stop());
  const keeper = new SpoolKeeper({
    directory: join(config.dataDir, 'spool'),
    maxBytes: config.spoolMaxBytes,
    registry,
    log: logger,
  });
  stops.push(() => keeper.stop());
  const upkeep = new LakeUpkeep({
    lake,
    scratchDirectory: join(config.dataDir, 'lake-upkeep'),
    retentionDays: config.retentionDays,
    registry,
    log: logger,
  });
  stops.push(() => upkeep.stop());
  // This process alone has the directory now: what an earlier one has left in the cache belongs to nobody.
  await rm(join(config.dataDir, 'lake-cache'), { recursive: true, force: true });
  const shipSealed = async () => void (await shipper.ship());

  const start = config.workers === 1 ? startInProcess : startWorkers;
  const group = await start({ config, mongodbUri, lake, logger, shipSealed });
  stops.push(async () => {
    await group.stop();
    await shipSealed();
  });
  const metrics = await serveMetrics(config, async () => [
    ...(await group.metrics()),
    ...(await registry.getMetricsAsJSON()),
  ]);
  stops.push(() => metrics.close(1_000));
  shipper.start();
  upkeep.start();
  return { url: group.url, metricsUrl: `${metrics.url}${METRICS_PATH}`, stop };
}

async function startInProcess({ shipSealed, ...options }: GroupOptions): Promise<ServingGroup> {
  const telemetry = createTelemetry();
  const serving = await startServing({
    ...options,
    telemetry,
    shipSpool: async (spool) => {
      await spool.seal();
      await shipSealed();
    },
  });
  return {
    url: serving.url,
    metrics: () => telemetry.registry.getMetricsAsJSON(),
    stop: () => serving.stop(),
  };
}

function serveMetrics(
  { host, metricsPort }: GatewayConfig,
  measure: () => Promise<Families>,
): Promise<Listening> {
  return listen(
    (request, response) => {
      if (request.url !== METRICS_PATH) {
        response.writeHead(404).end();
        return;
      }
      measure()
        .then((families) => metricsText(families, request.headers.accept))
        .then(
          ({ contentType, text }) => response.setHeader('content-type', contentType).end(text),
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
    },
    { host, port: metricsPort },
  );
}

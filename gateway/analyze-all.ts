import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ConfigurationStore } from '../experiments/store/configuration-store.ts';
import { startEmbeddedMongo } from '../experiments/store/embedded/start-embedded-mongo.ts';
import { openObjectStore } from '../models/artifacts/open-object-store.ts';
import { Analysis } from './analysis/analysis.ts';
import type { GatewayConfig } from './config.ts';
import { ConfigurationWriter } from './control-plane/change-configuration.ts';
import { haltBy } from './guardrails/halt-variant.ts';
import { haltBreached, type LakeHaltOptions } from './guardrails/lake-guardrails.ts';
import { SnapshotSource } from './snapshot/snapshot-source.ts';
import { createTelemetry } from './telemetry/metrics.ts';

export interface AnalyzeReport {
  readonly analysed: readonly string[];
  /** Experiments whose results could not be made; the log says why. */
  readonly failed: readonly string[];
  /** Variants halted because a guardrail was breached. */
  readonly halted: readonly string[];
}

/**
 * Brings the results of every running experiment up to the lake, once, and halts variants that breach a guardrail
 * there: the lake has every gateway's records. Throws StoreUnavailableError when the database is away.
 */
export async function analyzeAll(config: GatewayConfig, logger: Logger): Promise<AnalyzeReport> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const embedded =
    config.mongodbUri === null
      ? await startEmbeddedMongo({ directory: join(config.dataDir, 'mongo') })
      : null;
  const store = await ConfigurationStore.connect({ uri: config.mongodbUri ?? embedded?.uri ?? '' });
  const source = new SnapshotSource({
    store,
    // Not the one that a gateway of this directory starts from: this process knows no admin key.
    file: join(config.dataDir, 'analysis', 'configuration.json'),
    environment: config.environment,
    adminKeyDigest: async () => '',
    pollIntervalMs: 60_000,
    rereadAfterMs: 60_000,
    logger,
    telemetry: createTelemetry(),
  });
  const analysis = new Analysis({
    lakes: [openObjectStore(config.lakeUri), ...config.otherLakeUris.map((uri) => openObjectStore(uri))],
    dataDir: config.dataDir,
    store,
    metrics: () => [...(source.current?.snapshot.metrics.values() ?? [])],
    halts: () => [...(source.current?.snapshot.halts.values() ?? [])],
    onDamaged: (object) =>
      logger.error({ object }, 'an object of the lake is damaged: results leave it out, see quarantine/'),
  });
  try {
    await mkdir(join(config.dataDir, 'analysis'), { recursive: true });
    await source.refresh();
    return await analyzeEach({
      source,
      analysis,
      acting: { halt: haltBy(new ConfigurationWriter(store, source)), store, logger },
      logger,
    });
  } finally {
    await analysis.close();
    await source.stop();
    await store.close();
    await embedded?.stop();
  }
}

async function analyzeEach({
  source,
  analysis,
  acting,
  logger,
}: {
  readonly source: SnapshotSource;
  readonly analysis: Analysis;
  readonly acting: LakeHaltOptions;
  readonly logger: Logger;
}): Promise<AnalyzeReport> {
  const report = { analysed: [] as string[], failed: [] as string[], halted: [] as string[] };
  const running = [...(source.current?.snapshot.experiments.values() ?? [])].filter(
    ({ state }) => state === 'running',
  );
  for (const [index, registered] of running.entries()) {
    const { key } = registered.experiment;
    const progress = { experiment: key, done: index + 1, total: running.length };
    try {
      const results = await analysis.results(registered, { detailed: true, methods: [] });
      report.analysed.push(key);
      logger.info(
        { ...progress, verdict: results.verdict.decision, files: results.input.filesRead },
        'analysed',
      );
      report.halted.push(...(await haltBreached(registered, results, acting)));
    } catch (error) {
      report.failed.push(key);
      logger.error({ ...progress, err: error }, 'the results of an experiment could not be made');
    }
  }
  return report;
}

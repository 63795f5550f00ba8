import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigurationStore } from '../experiments/store/configuration-store.ts';
import type { ObjectStore } from '../models/artifacts/object-store.ts';
import { openObjectStore } from '../models/artifacts/open-object-store.ts';
import { InferenceStatistics } from '../models/codecs/inference-statistics.ts';
import { countSpans } from '../models/tracing/count-spans.ts';
import { openTracing } from '../models/tracing/open-tracing.ts';
import { adminKeyDigest } from './access/admin-key.ts';
import { FailedAttempts } from './access/failed-attempts.ts';
import { IdentityProvider } from './access/identity-provider.ts';
import { KeyUseRecorder } from './access/key-use-recorder.ts';
import { SignIn } from './access/sign-in.ts';
import { Analysis } from './analysis/analysis.ts';
import { startBackgroundWork } from './background-work.ts';
import type { GatewayConfig } from './config.ts';
import { ConfigurationEvents } from './data-plane/configuration-events.ts';
import { ResponseCache } from './data-plane/response-cache.ts';
import { Shadows } from './data-plane/shadow/shadows.ts';
import { FeatureStore } from './features/feature-store.ts';
import { Features } from './features/features.ts';
import { GuardrailCounters } from './guardrails/guardrail-counters.ts';
import { createHandler } from './http/app.ts';
import { type Listening, listen } from './http/listen.ts';
import { CALLBACK_PATH } from './http/sign-in-routes.ts';
import { MonthlyUsage } from './limits/monthly-usage.ts';
import { RequestLimits } from './limits/request-limits.ts';
import { Spool } from './pipeline/spool.ts';
import { SnapshotSource } from './snapshot/snapshot-source.ts';
import { Sticky } from './sticky/sticky.ts';
import { TargetCredentials } from './targets/credentials/target-credentials.ts';
import { OnnxTargets } from './targets/onnx-targets.ts';
import { Targets } from './targets/targets.ts';
import { measureLoad } from './telemetry/measure-load.ts';
import type { Telemetry } from './telemetry/metrics.ts';
import { messageSender } from './webhooks/send-message.ts';

/** Under a quarter of the second within which a change must be served everywhere. */
const POLL_INTERVAL_MS = 250;
/** What somebody wrote into the database beside the API is noticed within this time. */
const REREAD_AFTER_MS = 5 * 60_000;
const STORE_TIMEOUT_MS = 2_000;
const DAY_MS = 86_400_000;
const SESSION_KEY_SECRET = 'session-key';

export interface ServingOptions {
  readonly config: GatewayConfig;
  readonly mongodbUri: string;
  readonly lake: ObjectStore;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Brings everything this gateway has spooled, this process's open segments too, to the lake. */
  readonly shipSpool: (spool: Spool) => Promise<void>;
}

export interface Serving {
  readonly url: string;
  readonly spool: Spool;
  /** Refuses new work, finishes what is under way, and lets everything go. */
  stop(): Promise<void>;
}

/** One process that serves requests: everything it is made of, wired here and nowhere else. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { config, logger, telemetry, lake } = options;
  let accepting = true;
  const store = await ConfigurationStore.connect({
    uri: options.mongodbUri,
    serverSelectionTimeoutMs: STORE_TIMEOUT_MS,
    operationTimeoutMs: STORE_TIMEOUT_MS,
  });
  const featureStore = new FeatureStore({ uri: options.mongodbUri, timeoutMs: STORE_TIMEOUT_MS });
  const source = new SnapshotSource({
    store,
    file: join(config.dataDir, 'configuration.json'),
    adminKeyDigest: adminKeyDigest(config.adminApiKey, store),
    environment: config.environment,
    pollIntervalMs: POLL_INTERVAL_MS,
    rereadAfterMs: REREAD_AFTER_MS,
    logger,
    telemetry,
  });
  const spool = Spool.open({
    directory: join(config.dataDir, 'spool'),
    writerId: randomUUID(),
    maxBytes: config.spoolMaxBytes,
    registry: telemetry.registry,
    log: logger,
  });
  const onnx = new OnnxTargets({
    workers: config.onnxWorkers,
    memoryBytes: config.onnxMemoryBytes,
    signers: config.signers,
    cacheDirectory: join(config.dataDir, 'artifacts'),
    logger,
    registry: telemetry.registry,
  });
  const credentials = new TargetCredentials({
    secrets: config.targetSecrets,
    awsWebIdentity: config.awsWebIdentity,
    googleFederation: config.googleFederation,
    logger,
  });
  const targets = new Targets({ credentials, secrets: config.targetSecrets, inProcess: onnx, telemetry });
  source.onChange((snapshot) => {
    onnx.reconcile(snapshot);
    targets.reconcile(snapshot.targets);
  });
  const counters = new GuardrailCounters();
  const trials = new GuardrailCounters();
  const analysis = new Analysis({
    lakes: [lake, ...config.otherLakeUris.map((uri) => openObjectStore(uri))],
    dataDir: config.dataDir,
    store,
    metrics: () => [...(source.current?.snapshot.metrics.values() ?? [])],
    halts: () => [...(source.current?.snapshot.halts.values() ?? [])],
    onDamaged: (object) => {
      telemetry.damagedObjects.inc();
      logger.error({ object }, 'an object of the lake is damaged: results leave it out, see quarantine/');
    },
  });
  const uses = new KeyUseRecorder({ store, logger });
  const usage = new MonthlyUsage({ store, logger });
  const limits = new RequestLimits({ processes: config.workers, maxInFlight: config.maxInFlight, usage });
  measureLoad(telemetry.registry, targets, limits);
  const shadows = new Shadows({ targets, spool, telemetry });
  const sticky = new Sticky({
    store,
    keptMs: config.retentionDays.exposures * DAY_MS,
    registry: telemetry.registry,
    logger,
  });
  const events = new ConfigurationEvents(source);
  const tracing = await openTracing(config.tracing, countSpans(telemetry.registry, logger));
  const webhooks = messageSender({ allowPrivate: config.webhooksAllowPrivate });
  const app = createHandler({
    tracing,
    authentication: {
      source,
      uses,
      attempts: new FailedAttempts({ perMinute: config.authFailuresPerMinute }),
      signIn: signInOf(config, store),
    },
    logger,
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    accepting: () => accepting,
    dataPlane: {
      source,
      events,
      targets,
      spool,
      counters,
      trials,
      telemetry,
      statistics: new InferenceStatistics(),
      features: new Features(featureStore, telemetry.registry),
      cache: new ResponseCache({ maxBytes: config.responseCacheBytes, registry: telemetry.registry }),
      requestTimeoutMs: config.requestTimeoutMs,
      maxBodyBytes: config.maxBodyBytes,
      limits,
      shadows,
      sticky,
    },
    admin: {
      store,
      events,
      featureStore,
      source,
      analysis,
      targets,
      ship: () => options.shipSpool(spool),
      sendWebhook: webhooks.send,
    },
  });
  await source.start();
  const background = startBackgroundWork({
    store,
    source,
    analysis,
    sendWebhook: webhooks.send,
    counters,
    trials,
    lakeGuardrailsIntervalMs: config.lakeGuardrailsIntervalMs,
    logger,
  });
  const listening: Listening = await listen(app, config);
  return {
    url: listening.url,
    spool,
    stop: async () => {
      accepting = false;
      // Whoever balances the load must see it before connections are refused.
      listening.leave();
      await sleep(config.drainNoticeMs);
      events.stop();
      await listening.close(config.drainMs - config.drainNoticeMs);
      // Together: each may be waiting for a database that does not answer, and their waits must not add up.
      await Promise.all([background.stop().then(() => webhooks.close()), source.stop(), shadows.stop()]);
      await Promise.all([
        targets.close(),
        onnx.close(),
        spool.stop(),
        uses.stop(),
        usage.stop(),
        tracing?.close(),
        sticky.stop(),
      ]);
      await analysis.close();
      await Promise.all([store.close(), featureStore.close()]);
    },
  };
}

/** Signing in through the identity provider, where one is set; its cookies open in every gateway of the store. */
function signInOf({ oidc }: GatewayConfig, store: ConfigurationStore): SignIn | null {
  if (oidc === null) return null;
  let known: Uint8Array | null = null;
  return new SignIn({
    provider: new IdentityProvider({ ...oidc, redirectUri: new URL(CALLBACK_PATH, oidc.publicUrl).href }),
    secure: oidc.publicUrl.startsWith('https:'),
    key: async () => {
      known ??= Buffer.from(
        await store.secret(SESSION_KEY_SECRET, () => randomBytes(32).toString('hex')),
        'hex',
      );
      return known;
    },
  });
}

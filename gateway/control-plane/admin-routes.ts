import { NO_REVIEW } from '../../experiments/environment.ts';
import { keptExperimentSchema } from '../../experiments/kept-experiment.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import type { Analysis } from '../analysis/analysis.ts';
import { RESOURCE_KINDS } from '../catalogue/resources.ts';
import type { ConfigurationEvents } from '../data-plane/configuration-events.ts';
import { featureRoutes } from '../features/feature-routes.ts';
import type { FeatureStore } from '../features/feature-store.ts';
import type { Route } from '../http/route.ts';
import { TENANT_SECRET_PREFIX } from '../snapshot/known-configuration.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import type { Targets } from '../targets/targets.ts';
import type { SendMessage } from '../webhooks/send-message.ts';
import { analysisRoutes } from './analysis-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { ConfigurationWriter } from './change-configuration.ts';
import { commentRoutes } from './comment-routes.ts';
import { configurationRoutes } from './configuration-routes.ts';
import { eraseUnitsRoute, newUnitKey } from './erase-units-route.ts';
import { eventsRoute } from './events-route.ts';
import { experimentWarnings } from './experiment-actions.ts';
import { experimentHistoryRoutes } from './experiment-history-routes.ts';
import { experimentInsightRoutes } from './experiment-insight-routes.ts';
import { experimentRoutes } from './experiment-routes.ts';
import { experimentRules } from './experiment-rules.ts';
import { holdoutResultsRoute } from './holdout-routes.ts';
import { importRoute } from './import-route.ts';
import { SERVICE_KEY_KIND, TENANT_KEY_KIND } from './key-declarations.ts';
import { keyRoutes } from './key-routes.ts';
import { layerRoutes } from './layer-routes.ts';
import { overrideTokenRoute } from './override-token-route.ts';
import { type ResourceRules, resourceRoutes } from './resource-routes.ts';
import { samplesRoute } from './samples-route.ts';
import { segmentRules } from './segment-rules.ts';
import { segmentValuesRoutes } from './segment-values-routes.ts';
import { statusRoute } from './status-route.ts';
import { trafficRoutes } from './traffic-routes.ts';
import { webhookRoutes, webhookRules } from './webhook-routes.ts';

export interface AdminOptions {
  readonly store: ConfigurationStore;
  readonly source: SnapshotSource;
  readonly events: ConfigurationEvents;
  readonly featureStore: FeatureStore;
  readonly analysis: Analysis;
  readonly targets: Targets;
  /** Brings what is still in the spool to the lake. */
  readonly ship: () => Promise<void>;
  readonly sendWebhook: SendMessage;
}

/** The control plane, `/admin/v1/…`: who may call what is in each route. */
export function adminRoutes({
  store,
  source,
  events,
  featureStore,
  analysis,
  targets,
  ship,
  sendWebhook,
}: AdminOptions): Route[] {
  const writer = new ConfigurationWriter(store, source);
  const rules: Readonly<Record<string, ResourceRules>> = {
    experiments: {
      ...experimentRules((key) => source.current?.snapshot.environments.get(key) ?? NO_REVIEW),
      warnings: (before, after) =>
        experimentWarnings(source, before && keptExperimentSchema.parse(before.value), after),
    },
    versions: { onCreate: (body, actor) => ({ ...body, registeredBy: actor.name }) },
    segments: segmentRules,
    webhooks: webhookRules(store),
    tenants: {
      // The pseudonymisation key is there before the tenant is, and goes with it: its history is then unlinkable.
      beforeCreate: async (tenant) => {
        await store.secret(TENANT_SECRET_PREFIX + tenant, newUnitKey);
      },
      afterDelete: async (tenant) => {
        await store.deleteSecret(TENANT_SECRET_PREFIX + tenant);
        await store.forgetAssignments(tenant);
      },
    },
  };
  return [
    ...keyRoutes(TENANT_KEY_KIND, writer, store),
    ...keyRoutes(SERVICE_KEY_KIND, writer, store),
    ...experimentRoutes({ writer, source, analysis }),
    ...experimentInsightRoutes({ writer, source, store }),
    ...experimentHistoryRoutes({ writer, source, store }),
    ...commentRoutes(writer),
    ...layerRoutes(writer),
    ...segmentValuesRoutes({ writer, store }),
    holdoutResultsRoute({ source, analysis, ship }),
    importRoute(),
    ...analysisRoutes({ writer, source, analysis, ship }),
    samplesRoute(),
    ...trafficRoutes({ source, analysis, targets }),
    ...RESOURCE_KINDS.flatMap((kind) => resourceRoutes(kind, writer, rules[kind.name])),
    ...configurationRoutes({ writer, rules }),
    ...featureRoutes(featureStore),
    eraseUnitsRoute(writer, store),
    overrideTokenRoute({ writer, source }),
    ...webhookRoutes({ writer, store, send: sendWebhook }),
    ...auditRoutes(store),
    statusRoute(source),
    eventsRoute(events),
  ];
}

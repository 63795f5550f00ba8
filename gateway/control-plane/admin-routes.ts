import { randomBytes } from 'node:crypto';
import express, { Router } from 'express';
import type { LifecycleAction } from '../../experiments/lifecycle.ts';
import type { AuditEntry, ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { API_KEYS, RESOURCE_KINDS } from '../catalogue/resources.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import { type SnapshotSource, TENANT_SECRET_PREFIX } from '../snapshot/snapshot-source.ts';
import { actorOf, checkIfMatch, etagOf, pageOf, representation } from './admin-request.ts';
import { apiKeyRoutes, withoutDigest } from './api-key-routes.ts';
import { ConfigurationWriter } from './change-configuration.ts';
import { afterAction, experimentRules } from './experiment-rules.ts';
import { findOr404, type ResourceRules, resourceRoutes } from './resource-routes.ts';

const LIFECYCLE_ACTIONS = ['start', 'pause', 'resume', 'stop'] as const satisfies readonly LifecycleAction[];

/** The verdict on one experiment; given by the composition, since it needs the lake. */
type ResultsOf = (experiment: RegisteredExperiment, options: { readonly fresh: boolean }) => Promise<unknown>;

export interface AdminOptions {
  readonly store: ConfigurationStore;
  readonly source: SnapshotSource;
  readonly resultsOf: ResultsOf;
}

/** The control plane, `/admin/v1/…`, behind the admin key. */
export function adminRoutes({ store, source, resultsOf }: AdminOptions): Router {
  const router = Router({ caseSensitive: true });
  const writer = new ConfigurationWriter(store, source);
  const rules: Readonly<Record<string, ResourceRules>> = {
    experiments: experimentRules,
    tenants: {
      // The pseudonymisation key is there before the tenant is, and goes with it: its history is then unlinkable.
      beforeCreate: async (tenant) => {
        await store.secret(TENANT_SECRET_PREFIX + tenant, () => randomBytes(32).toString('hex'));
      },
      afterDelete: (tenant) => store.deleteSecret(TENANT_SECRET_PREFIX + tenant),
    },
  };
  router.use(express.json({ limit: '4mb', strict: true }));
  router.use('/tenants/:tenant/keys', apiKeyRoutes(writer));
  router.get('/experiments/:key/results', async (request, response) => {
    const { key } = request.params;
    findOr404(await writer.documents(), 'experiments', key);
    const registered = source.current?.snapshot.experiments.get(key);
    if (registered === undefined)
      throw new Problem('not-ready', 'the configuration in force does not hold it yet');
    response.json(await resultsOf(registered, { fresh: request.query['fresh'] === 'true' }));
  });
  for (const action of LIFECYCLE_ACTIONS) {
    router.post(`/experiments/:key/${action}`, async (request, response) => {
      const { key } = request.params;
      const document = await writer.change({
        kind: 'experiments',
        key,
        action,
        actor: actorOf(request),
        next: (current) => {
          if (current === null) throw new Problem('not-found', `there is no experiment "${key}"`);
          checkIfMatch(request, current, { required: false });
          return afterAction({ ...current.value }, action);
        },
      });
      if (document === null) throw new Problem('not-found', `there is no experiment "${key}"`);
      response.setHeader('etag', etagOf(document)).json(representation(document));
    });
  }
  for (const kind of RESOURCE_KINDS) {
    const path = 'parent' in kind ? `/${kind.parent}/:parent/${kind.name}` : `/${kind.name}`;
    router.use(path, resourceRoutes(kind, writer, rules[kind.name]));
  }
  router.get('/audit', async (request, response) => {
    const { limit, after } = pageOf(request);
    const { kind, key } = request.query;
    if (after !== null && !/^\d{1,15}$/.test(after)) {
      throw new Problem('invalid-request', 'after must be the "next" of the page before');
    }
    const entries = await store.audit({
      limit: limit + 1,
      ...(after === null ? {} : { beforeRevision: Number(after) }),
      ...(typeof kind === 'string' ? { kind } : {}),
      ...(typeof key === 'string' ? { key } : {}),
    });
    const items = entries.slice(0, limit).map(shownEntry);
    response.json({ items, next: entries.length > limit ? String(items.at(-1)?.revision) : null });
  });
  return router;
}

/** An audit entry as it is shown: of an API key, everything but its digest. */
function shownEntry(entry: AuditEntry): AuditEntry {
  if (entry.kind !== API_KEYS) return entry;
  const { before, after } = entry;
  return { ...entry, before: before && withoutDigest(before), after: after && withoutDigest(after) };
}

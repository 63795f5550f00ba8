import type { Response } from 'express';
import { z } from 'zod';
import { environmentNameSchema } from '../../experiments/environment.ts';
import { newStatus } from '../../experiments/experiment-status.ts';
import { keptExperimentSchema, storedExperiment } from '../../experiments/kept-experiment.ts';
import { keySchema } from '../../experiments/key.ts';
import type { AuditEntry, ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { EXPERIMENTS } from '../catalogue/resources.ts';
import { anObject, jsonBody, queryParameter, ref, schemaOf } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { actorOf, etagOf, isDryRun, pageOf, parsedBody, representation } from './admin-request.ts';
import { actionRoute, type ExperimentAdmin } from './experiment-actions.ts';
import { afterEdit } from './experiment-rules.ts';
import { storedExample } from './resource-declarations.ts';
import { findOr404 } from './resource-routes.ts';
import { created, dryRun, page, paging } from './route-parts.ts';
import { valueChanges } from './value-changes.ts';

const restoreRequestSchema = z.strictObject({ revision: z.int().min(1) });

/** Where to try it next, and under which key: each environment measures for itself. */
const promoteRequestSchema = z.strictObject({ environment: environmentNameSchema, key: keySchema });

export interface ExperimentHistoryAdmin extends ExperimentAdmin {
  readonly store: ConfigurationStore;
}

const REVISION_EXAMPLE = {
  revision: 17,
  at: '2026-11-03T08:12:00.000Z',
  actor: { name: 'ada', key: null, address: '192.0.2.7' },
  action: 'replace',
};

/** What became of an experiment: its revisions, how they differ, the way back, and where it goes next. */
export function experimentHistoryRoutes(admin: ExperimentHistoryAdmin): Route[] {
  return [listRoute(admin), revisionRoute(admin), restoreRoute(admin), promoteRoute(admin)];
}

function listRoute({ store }: ExperimentHistoryAdmin): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/revisions',
    access: READERS,
    id: 'listRevisions',
    tag: 'experiments',
    summary: 'Its revisions, newest first',
    parameters: paging,
    answers: { 200: page({ type: 'object' }, REVISION_EXAMPLE, 'A page, newest first') },
    problems: ['invalid-request'],
    handle: async (request, response) => {
      const { limit, after } = pageOf(request);
      const entries = await store.audit({
        kind: EXPERIMENTS.name,
        key: request.params['key'] ?? '',
        limit: limit + 1,
        ...(after === null ? {} : { beforeRevision: revisionNumber(after) }),
      });
      const items = entries
        .slice(0, limit)
        .map(({ revision, at, actor, action }) => ({ revision, at, actor, action }));
      response.json({ items, next: entries.length > limit ? String(items.at(-1)?.revision) : null });
    },
  };
}

function revisionRoute({ store }: ExperimentHistoryAdmin): Route {
  const example = { ...REVISION_EXAMPLE, changes: [{ path: '/allocation', before: 1_000, after: 5_000 }] };
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/revisions/{revision}',
    access: READERS,
    id: 'getRevision',
    tag: 'experiments',
    summary: 'One revision, and how it differs from the one before or from another',
    parameters: [queryParameter('against', 'Another revision of it', { type: 'integer' })],
    answers: { 200: anObject('The audit entry, with every change by JSON pointer', example) },
    problems: ['invalid-request', 'not-found'],
    handle: async (request, response) => {
      const { key = '', revision = '' } = request.params;
      const entry = await revisionOf(store, key, revisionNumber(revision));
      const { against } = request.query;
      const base =
        typeof against === 'string'
          ? (await revisionOf(store, key, revisionNumber(against))).after
          : entry.before;
      response.json({ ...entry, changes: valueChanges(base ?? {}, entry.after ?? {}) });
    },
  };
}

function restoreRoute(admin: ExperimentHistoryAdmin): Route {
  return actionRoute(admin, {
    id: 'restoreRevision',
    path: '/restore',
    summary: 'Write it as it was at a revision, as far as its state allows',
    body: jsonBody(schemaOf(restoreRequestSchema), { revision: 17 }),
    action: 'restore',
    prepare: async (request) => {
      const { revision } = parsedBody(restoreRequestSchema, request.body);
      const { after } = await revisionOf(admin.store, request.params['key'] ?? '', revision);
      if (after === null) {
        throw new Problem('not-found', `revision ${revision} deleted it: restore an earlier one`);
      }
      const { experiment } = keptExperimentSchema.parse(after);
      return (kept, { by, policy }) => storedExperiment(afterEdit(kept, experiment, { by, policy }));
    },
  });
}

/** A draft of the same experiment in another environment, to be started there by the rules of that one. */
function promoteRoute({ writer }: ExperimentHistoryAdmin): Route {
  return {
    method: 'post',
    path: '/admin/v1/experiments/{key}/promote',
    access: EXPERIMENTERS,
    id: 'promoteExperiment',
    tag: 'experiments',
    summary: 'Make a draft of it in another environment',
    parameters: [dryRun],
    body: jsonBody(schemaOf(promoteRequestSchema), { environment: 'production', key: 'ranker-v2' }),
    answers: { 201: created(ref('StoredExperiment'), storedExample(EXPERIMENTS)) },
    problems: ['invalid-request', 'not-found', 'already-exists', 'invalid-configuration', 'write-contention'],
    handle: async (request, response: Response) => {
      const { environment, key } = parsedBody(promoteRequestSchema, request.body);
      const from = findOr404(await writer.documents(), EXPERIMENTS.name, request.params['key'] ?? '');
      const actor = actorOf(request);
      const {
        layer: _slots,
        schedule: _times,
        ...written
      } = keptExperimentSchema.parse(from.value).experiment;
      const promotedFrom = { experiment: from.key, revision: from.revision };
      const document = await writer.change({
        kind: EXPERIMENTS.name,
        key,
        action: 'promote',
        actor,
        dryRun: isDryRun(request),
        next: (current) => {
          if (current !== null) {
            throw new Problem(
              'already-exists',
              `there is an experiment "${key}" already: choose another key`,
            );
          }
          return storedExperiment({
            experiment: { ...written, key, environment },
            state: 'draft',
            status: { ...newStatus(actor.name), promotedFrom },
          });
        },
      });
      if (document === null) throw new Problem('not-found', `there is no experiment "${key}"`);
      response.status(201).setHeader('etag', etagOf(document)).json(representation(document));
    },
  };
}

function revisionNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Problem('invalid-request', `"${text.slice(0, 50)}" is not a revision: it must be a whole number`);
}

/** The entry that made a revision of an experiment. */
async function revisionOf(store: ConfigurationStore, key: string, revision: number): Promise<AuditEntry> {
  const [entry] = await store.audit({ kind: EXPERIMENTS.name, key, beforeRevision: revision + 1, limit: 1 });
  if (entry?.revision === revision) return entry;
  throw new Problem('not-found', `experiment "${key}" has no revision ${revision}`);
}

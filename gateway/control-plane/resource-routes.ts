import { Router } from 'express';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { nestedKey, type ResourceKind } from '../catalogue/resources.ts';
import { Problem } from '../problems.ts';
import { actorOf, checkIfMatch, etagOf, pageOf, parsedBody, representation } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';

type Value = Record<string, unknown>;

/** What a kind of resource does beyond being stored. Each may throw a Problem to refuse. */
export interface ResourceRules {
  /** The stored value of a new thing, from the body as validated. */
  readonly onCreate?: (body: Value) => Value;
  /** The stored value after a replacement. */
  readonly onReplace?: (current: Value, body: Value) => Value;
  readonly onDelete?: (current: Value) => void;
  /** Runs before a creation is committed: what must exist first. */
  readonly beforeCreate?: (key: string) => Promise<void>;
  readonly afterDelete?: (key: string) => Promise<void>;
}

/** POST and GET of the collection, GET, PUT and DELETE of one: the same for every kind of resource. */
export function resourceRoutes(
  kind: ResourceKind,
  writer: ConfigurationWriter,
  rules: ResourceRules = {},
): Router {
  const router = Router({ mergeParams: true, caseSensitive: true });
  const storeKey = (parent: string | undefined, key: string) =>
    parent === undefined ? key : nestedKey(parent, key);
  const parentOf = (params: Readonly<Record<string, string>>) =>
    kind.parent === undefined ? undefined : params['parent'];
  const noSuch = (key: string) => new Problem('not-found', `there is no ${kind.singular} "${key}"`);

  router.post('/', async (request, response) => {
    const body = parsedBody(kind.schema, request.body);
    const key = storeKey(parentOf(request.params), String(body[kind.keyField]));
    await rules.beforeCreate?.(key);
    const document = await writer.change({
      kind: kind.name,
      key,
      action: 'create',
      actor: actorOf(request),
      next: (current) => {
        if (current === null) return rules.onCreate?.(body) ?? body;
        throw new Problem(
          'already-exists',
          `there is a ${kind.singular} "${key}" already: choose another key or replace it by PUT`,
        );
      },
    });
    if (document === null) throw noSuch(key);
    response
      .status(201)
      .location(`${request.baseUrl}/${encodeURIComponent(String(body[kind.keyField]))}`)
      .setHeader('etag', etagOf(document))
      .json(representation(document));
  });

  router.get('/', async (request, response) => {
    const { limit, after } = pageOf(request);
    const parent = parentOf(request.params);
    const documents = await writer.documents();
    if (parent !== undefined && kind.parent !== undefined) findOr404(documents, kind.parent, parent);
    const prefix = parent === undefined ? '' : nestedKey(parent, '');
    const matching = documents
      .filter(({ kind: name, key }) => name === kind.name && key.startsWith(prefix))
      .filter(({ key }) => after === null || key > prefix + after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const items = matching.slice(0, limit);
    const last = items.at(-1);
    const next = last === undefined || matching.length <= limit ? null : last.key.slice(prefix.length);
    response.json({ items: items.map(representation), next });
  });

  router.get('/:key', async (request, response) => {
    const key = storeKey(parentOf(request.params), request.params.key);
    const document = findOr404(await writer.documents(), kind.name, key, kind.singular);
    response.setHeader('etag', etagOf(document)).json(representation(document));
  });

  if (kind.immutable !== true) {
    router.put('/:key', async (request, response) => {
      const { key } = request.params;
      const body = parsedBody(kind.schema, request.body);
      if (body[kind.keyField] !== key) {
        throw new Problem(
          'invalid-request',
          `the path says "${key}" and the body "${String(body[kind.keyField])}": a key never changes`,
        );
      }
      const document = await writer.change({
        kind: kind.name,
        key,
        action: 'replace',
        actor: actorOf(request),
        next: (current) => {
          if (current === null) throw noSuch(key);
          checkIfMatch(request, current, { required: true });
          return rules.onReplace?.({ ...current.value }, body) ?? body;
        },
      });
      if (document === null) throw noSuch(key);
      response.setHeader('etag', etagOf(document)).json(representation(document));
    });
  }

  router.delete('/:key', async (request, response) => {
    const key = storeKey(parentOf(request.params), request.params.key);
    await writer.change({
      kind: kind.name,
      key,
      action: 'delete',
      actor: actorOf(request),
      next: (current) => {
        if (current === null) throw noSuch(key);
        checkIfMatch(request, current, { required: true });
        rules.onDelete?.({ ...current.value });
        return null;
      },
    });
    await rules.afterDelete?.(key);
    response.status(204).end();
  });

  return router;
}

/** The stored thing, or a 404 that names it. */
export function findOr404(
  documents: readonly StoredDocument[],
  kind: string,
  key: string,
  singular: string = kind.replace(/s$/, ''),
): StoredDocument {
  const found = documents.find((document) => document.kind === kind && document.key === key);
  if (found === undefined) throw new Problem('not-found', `there is no ${singular} "${key}"`);
  return found;
}

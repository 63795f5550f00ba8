import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { Router } from 'express';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { API_KEYS, nestedKey } from '../catalogue/resources.ts';
import { apiKeyRequestSchema } from '../catalogue/tenant.ts';
import { digestOf } from '../http/authenticate.ts';
import { Problem } from '../problems.ts';
import { actorOf, parsedBody } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404 } from './resource-routes.ts';

/** 256 random bits behind a prefix that secret scanners can look for. */
function newSecret(): string {
  return `sy_${randomBytes(32).toString('base64url')}`;
}

/** What is shown of a stored key: a digest is of no use to anyone but a guesser. */
export function withoutDigest(value: StoredDocument['value']): Record<string, unknown> {
  const { digest: _digest, ...shown } = value;
  return shown;
}

/** A tenant's API keys, below `/admin/v1/tenants/{tenant}/keys`. The secret is in one answer only. */
export function apiKeyRoutes(writer: ConfigurationWriter): Router {
  const router = Router({ mergeParams: true, caseSensitive: true });

  router.post('/', async (request, response) => {
    const { tenant } = request.params as { tenant: string };
    const { name } = parsedBody(apiKeyRequestSchema, request.body);
    findOr404(await writer.documents(), 'tenants', tenant);
    const id = randomUUIDv7();
    const secret = newSecret();
    await writer.change({
      kind: API_KEYS,
      key: nestedKey(tenant, id),
      action: 'create',
      actor: actorOf(request),
      next: () => ({ id, tenant, name, digest: digestOf(secret) }),
    });
    response.status(201).setHeader('cache-control', 'no-store').json({ id, tenant, name, secret });
  });

  router.get('/', async (request, response) => {
    const { tenant } = request.params as { tenant: string };
    const documents = await writer.documents();
    findOr404(documents, 'tenants', tenant);
    const prefix = nestedKey(tenant, '');
    const items = documents
      .filter(({ kind, key }) => kind === API_KEYS && key.startsWith(prefix))
      .map(({ value, createdAt }) => ({ ...withoutDigest(value), createdAt }));
    response.json({ items, next: null });
  });

  router.delete('/:id', async (request, response) => {
    const { tenant, id } = request.params as { tenant: string; id: string };
    await writer.change({
      kind: API_KEYS,
      key: nestedKey(tenant, id),
      action: 'delete',
      actor: actorOf(request),
      next: (current) => {
        if (current === null) throw new Problem('not-found', `tenant "${tenant}" has no key "${id}"`);
        return null;
      },
    });
    response.status(204).end();
  });

  return router;
}

import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { API_KEYS, nestedKey } from '../catalogue/resources.ts';
import { apiKeyRequestSchema } from '../catalogue/tenant.ts';
import { digestOf } from '../http/authenticate.ts';
import { jsonBody, ref } from '../http/openapi-parts.ts';
import type { Access, Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { actorOf, parsedBody } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404 } from './resource-routes.ts';
import { deleted, page } from './route-parts.ts';

/** 256 random bits behind a prefix that secret scanners can look for. */
function newSecret(): string {
  return `sy_${randomBytes(32).toString('base64url')}`;
}

/** What is shown of a stored key: a digest is of no use to anyone but a guesser. */
export function withoutDigest(value: StoredDocument['value']): Record<string, unknown> {
  const { digest: _digest, ...shown } = value;
  return shown;
}

const access: Access = { kind: 'roles', roles: ['tenant-admin'], tenantParameter: 'tenant' };
const EXAMPLE = { id: '019ab2c4-7d1e-7c3a-9f00-3f6d2a1b4c5d', tenant: 'acme', name: 'backend' };

/** A tenant's API keys, below `/admin/v1/tenants/{tenant}/keys`. The secret is in one answer only. */
export function apiKeyRoutes(writer: ConfigurationWriter): Route[] {
  return [
    {
      method: 'post',
      path: '/admin/v1/tenants/{tenant}/keys',
      access,
      id: 'createKey',
      tag: 'tenants',
      summary: 'Make an API key; its secret is in this answer only',
      body: jsonBody(ref('ApiKeyRequest'), { name: 'backend' }),
      answers: {
        201: {
          description: 'Created',
          content: jsonBody(ref('ApiKeyWithSecret'), { ...EXAMPLE, secret: `sy_${'x'.repeat(43)}` }),
        },
      },
      problems: ['invalid-request', 'not-found', 'invalid-configuration'],
      handle: async (request, response) => {
        const tenant = request.params['tenant'] ?? '';
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
      },
    },
    {
      method: 'get',
      path: '/admin/v1/tenants/{tenant}/keys',
      access,
      id: 'listKeys',
      tag: 'tenants',
      summary: "List a tenant's API keys, without their secrets",
      answers: { 200: page(ref('ApiKey'), { ...EXAMPLE, createdAt: '2026-11-02T09:30:00.000Z' }) },
      problems: ['not-found'],
      handle: async (request, response) => {
        const tenant = request.params['tenant'] ?? '';
        const documents = await writer.documents();
        findOr404(documents, 'tenants', tenant);
        const prefix = nestedKey(tenant, '');
        const items = documents
          .filter(({ kind, key }) => kind === API_KEYS && key.startsWith(prefix))
          .map(({ value, createdAt }) => ({ ...withoutDigest(value), createdAt }));
        response.json({ items, next: null });
      },
    },
    {
      method: 'delete',
      path: '/admin/v1/tenants/{tenant}/keys/{id}',
      access,
      id: 'revokeKey',
      tag: 'tenants',
      summary: 'Revoke an API key',
      answers: deleted,
      problems: ['not-found'],
      handle: async (request, response) => {
        const { tenant = '', id = '' } = request.params;
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
      },
    },
  ];
}

import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Principal } from '../access/principal.ts';
import { Problem } from '../problems.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { contextOf } from './request-context.ts';
import type { RoleAccess } from './route.ts';

/** An API key is 256 random bits, so its plain digest is safe to keep and to look up by. */
export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** `authorization: Bearer <key>` or `x-api-key: <key>`. */
function presentedKey(request: Request): string | null {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const match = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

const CHALLENGE = 'send your API key as "authorization: Bearer <key>" or "x-api-key: <key>"';

/** Lets a tenant's key pass and settles the one configuration that the request will use. */
export function authenticateTenant(source: SnapshotSource): RequestHandler {
  return (request, response, next) => {
    const context = contextOf(response);
    const configuration = source.current;
    if (configuration === null)
      throw new Problem('not-ready', 'no configuration is loaded yet: try again shortly');
    const key = presentedKey(request);
    const tenant = key === null ? undefined : configuration.snapshot.tenantByKeyDigest.get(digestOf(key));
    if (tenant === undefined) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new Problem(
        'unauthenticated',
        key === null ? CHALLENGE : 'this API key is not known or was revoked',
      );
    }
    context.configuration = configuration;
    context.tenant = tenant;
    context.log['tenant'] = tenant.key;
    next();
  };
}

const BOOTSTRAP_ADMIN: Principal = { name: 'admin', roles: new Set(['admin']), tenant: null };

/** Settles who calls the control plane: today the operator's key, compared in constant time. */
export function authenticateOperator(source: SnapshotSource): RequestHandler {
  return (request, response, next) => {
    const expected = source.current?.adminKeyDigest;
    if (expected === undefined)
      throw new Problem('not-ready', 'no configuration is loaded yet: try again shortly');
    const key = presentedKey(request);
    if (key === null || !timingSafeEqual(Buffer.from(digestOf(key)), Buffer.from(expected))) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new Problem('unauthenticated', key === null ? CHALLENGE : 'this is not the admin key');
    }
    contextOf(response).principal = BOOTSTRAP_ADMIN;
    next();
  };
}

/** The one place where roles are enforced: who may call a route is what its table says. */
export function authorize(access: RoleAccess): RequestHandler {
  return (request, response, next) => {
    const { principal } = contextOf(response);
    if (principal === null) throw new Error('an unauthenticated request reached the control plane');
    const { roles } = principal;
    if (roles.has('admin')) return next();
    const own = access.tenantParameter === undefined ? null : request.params[access.tenantParameter];
    const matching = access.roles.filter((role) => roles.has(role));
    if (matching.length === 0) {
      const wanted = [...access.roles, 'admin'].join(' or ');
      throw new Problem('forbidden', `this takes the role ${wanted}; yours: ${[...roles].join(', ')}`);
    }
    // Another tenant is as if it were not there, so that nobody learns who the others are.
    if (matching.every((role) => role === 'tenant-admin') && own !== null && own !== principal.tenant) {
      throw new Problem('not-found', `there is no tenant "${String(own)}"`);
    }
    next();
  };
}

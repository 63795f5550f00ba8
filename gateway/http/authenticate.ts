import { hash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { Problem } from '../problems.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { contextOf } from './request-context.ts';

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

/** Lets the operator's key pass; compared in constant time. */
export function authenticateAdmin(source: SnapshotSource): RequestHandler {
  return (request, response, next) => {
    const expected = source.current?.adminKeyDigest;
    if (expected === undefined)
      throw new Problem('not-ready', 'no configuration is loaded yet: try again shortly');
    const key = presentedKey(request);
    if (key === null || !timingSafeEqual(Buffer.from(digestOf(key)), Buffer.from(expected))) {
      response.setHeader('www-authenticate', 'Bearer');
      throw new Problem('unauthenticated', key === null ? CHALLENGE : 'this is not the admin key');
    }
    next();
  };
}

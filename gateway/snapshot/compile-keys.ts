import type { Principal, Scope } from '../access/principal.ts';
import type { StoredApiKey, StoredServiceKey } from '../catalogue/api-key.ts';
import type { Tenant } from '../catalogue/tenant.ts';

/** What one secret opens, until when. */
export interface KeyGrant {
  /** Id of the key; the secrets before and after a rotation share it. */
  readonly id: string;
  /** Milliseconds since the epoch; infinite where it never ends. */
  readonly validUntil: number;
}

/** A secret of a tenant's API key. */
export interface TenantKeyGrant extends KeyGrant {
  readonly tenant: Tenant;
  readonly scopes: ReadonlySet<Scope>;
}

/** A secret of a service key. */
export interface ServiceKeyGrant extends KeyGrant {
  readonly principal: Principal;
}

/** SHA-256 of a secret, hex → what it opens. Keys of tenants that are not there open nothing. */
export function tenantKeyGrants(
  keys: Iterable<StoredApiKey>,
  tenants: ReadonlyMap<string, Tenant>,
): ReadonlyMap<string, TenantKeyGrant> {
  const grants = new Map<string, TenantKeyGrant>();
  for (const key of keys) {
    const tenant = tenants.get(key.tenant);
    if (tenant === undefined) continue;
    const scopes = new Set(key.scopes);
    for (const [digest, validUntil] of secretsOf(key)) {
      grants.set(digest, { id: key.id, validUntil, tenant, scopes });
    }
  }
  return grants;
}

/** The same for keys of the control plane. */
export function serviceKeyGrants(keys: Iterable<StoredServiceKey>): ReadonlyMap<string, ServiceKeyGrant> {
  const grants = new Map<string, ServiceKeyGrant>();
  for (const key of keys) {
    const { id, name, tenant } = key;
    const principal = { name, roles: new Set(key.roles), tenant, key: id };
    for (const [digest, validUntil] of secretsOf(key)) grants.set(digest, { id, validUntil, principal });
  }
  return grants;
}

function secretsOf(key: StoredApiKey | StoredServiceKey): [digest: string, validUntil: number][] {
  const end = key.expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(key.expiresAt);
  const { digest, previous } = key;
  if (previous === null) return [[digest, end]];
  return [
    [previous.digest, Math.min(end, Date.parse(previous.validUntil))],
    [digest, end],
  ];
}

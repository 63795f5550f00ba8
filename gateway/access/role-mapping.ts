import { ROLES, type Role } from './principal.ts';

/** A group at the identity provider, and what its members are here. */
export interface RoleMapping {
  readonly group: string;
  readonly role: Role;
  /** Of a tenant-admin. */
  readonly tenant: string | null;
}

/** Reads `group=role` and `group=tenant-admin:tenant`, separated by commas; null where it is neither. */
export function parseRoleMappings(text: string): readonly RoleMapping[] | null {
  const mappings = text.split(',').map((entry) => parseMapping(entry.trim()));
  return mappings.every((mapping) => mapping !== null) ? mappings : null;
}

function parseMapping(entry: string): RoleMapping | null {
  // A group's name may hold an equals sign: in a directory it is `cn=ml,ou=groups`, though without the comma.
  const match = /^(.+)=([a-z-]+)(?::([a-z0-9][a-z0-9._-]{0,62}))?$/.exec(entry);
  const [, group, name, tenant = null] = match ?? [];
  const role = ROLES.find((candidate) => candidate === name);
  if (group === undefined || role === undefined || (role === 'tenant-admin') !== (tenant !== null))
    return null;
  return { group, role, tenant };
}

/** What a member of these groups is. Of several tenants the first that is mapped is its own. */
export function rolesOf(
  mappings: readonly RoleMapping[],
  groups: readonly unknown[],
): { readonly roles: ReadonlySet<Role>; readonly tenant: string | null } {
  const held = mappings.filter(({ group }) => groups.includes(group));
  return {
    roles: new Set(held.map(({ role }) => role)),
    tenant: held.find(({ tenant }) => tenant !== null)?.tenant ?? null,
  };
}

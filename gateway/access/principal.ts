/**
 * What a caller of the control plane may be. `admin` may do everything; `tenant-admin` sees only its own tenant; the
 * others see everything but secrets. A caller may be several of them at once.
 */
export const ROLES = ['viewer', 'experimenter', 'reviewer', 'admin', 'tenant-admin'] as const;
export type Role = (typeof ROLES)[number];

/** What a tenant's API key may be used for. */
export const SCOPES = ['infer', 'flags', 'outcomes', 'exposures'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who calls the control plane, once that is proven. */
export interface Principal {
  /** For the audit log: a person or a key by its name; never a secret. */
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  /** The one tenant that a `tenant-admin` sees. */
  readonly tenant: string | null;
  /** How it was proven, for the audit log: the id of a key, `admin-key`, `session` or `token`. */
  readonly key: string;
}

/** Whether a caller is a tenant-admin and nothing more: it sees its own tenant only. */
export function seesOneTenantOnly({ roles }: Principal): boolean {
  return [...roles].every((role) => role === 'tenant-admin');
}

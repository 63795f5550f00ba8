/**
 * What a caller of the control plane may be. `admin` may do everything; `tenant-admin` sees only its own tenant; the
 * others see everything but secrets. A caller may be several of them at once.
 */
export type Role = 'viewer' | 'experimenter' | 'reviewer' | 'admin' | 'tenant-admin';

/** What a tenant's API key may be used for. */
export type Scope = 'infer' | 'flags' | 'outcomes' | 'exposures';

/** Who calls the control plane, once that is proven. */
export interface Principal {
  /** For the audit log: a person or a key by its name; never a secret. */
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  /** The one tenant that a `tenant-admin` sees. */
  readonly tenant: string | null;
}

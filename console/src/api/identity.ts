import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from './client.ts';

/** Who is signed in, as the gateway says. */
interface Identity {
  readonly name: string;
  readonly roles: readonly string[];
  /** The one tenant that a tenant-admin sees. */
  readonly tenant: string | null;
  /** `session` for somebody signed in by the identity provider; else a key's id. */
  readonly key: string;
}

export function useIdentity() {
  return useQuery({
    queryKey: ['identity'],
    queryFn: () => unwrap(api.GET('/admin/v1/session')) as unknown as Promise<Identity>,
    staleTime: 60_000,
  });
}

/** What the page offers; the gateway decides by itself whatever is offered. */
export interface May {
  /** See experiments, models, the audit log: everything but a tenant's own. */
  readonly read: boolean;
  /** Write experiments and what they are made of. */
  readonly experiment: boolean;
  readonly review: boolean;
  readonly comment: boolean;
  /** Everything else: models, targets, tenants, service keys. */
  readonly administer: boolean;
  /** Make and revoke keys of a tenant. */
  readonly manageKeysOf: (tenant: string) => boolean;
}

/** What whoever is signed in may do; nothing until that is known. */
export function useMay(): May {
  return mayOf(useIdentity().data);
}

function mayOf(identity: Identity | undefined): May {
  const has = (...roles: string[]) =>
    identity?.roles.some((role) => role === 'admin' || roles.includes(role)) ?? false;
  return {
    read: has('viewer', 'experimenter', 'reviewer'),
    experiment: has('experimenter'),
    review: has('reviewer'),
    comment: has('experimenter', 'reviewer'),
    administer: has(),
    manageKeysOf: (tenant) => has() || (has('tenant-admin') && identity?.tenant === tenant),
  };
}

import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, unwrap } from './client.ts';
import { readAll } from './read-all.ts';
import type { Results } from './results.ts';
import type {
  StoredEndpoint,
  StoredEnvironment,
  StoredExperiment,
  StoredHalt,
  StoredHoldout,
  StoredLayer,
  StoredMetric,
  StoredModel,
  StoredTarget,
  StoredTenant,
  StoredVersion,
} from './types.ts';

/** Largest page of a list. */
const LIMIT = 500;

type Listed<Item> = Promise<{ items: Item[]; next: string | null }>;
type Collection =
  | 'tenants'
  | 'models'
  | 'targets'
  | 'endpoints'
  | 'experiments'
  | 'metrics'
  | 'layers'
  | 'holdouts'
  | 'halts'
  | 'environments';

function useCollection<Item>(collection: Collection) {
  return useQuery({
    queryKey: [collection],
    queryFn: () =>
      readAll(
        (after) =>
          unwrap(
            api.GET(`/admin/v1/${collection}`, {
              params: { query: { limit: LIMIT, ...(after === undefined ? {} : { after }) } },
            }),
          ) as unknown as Listed<Item>,
      ),
  });
}

export const useExperiments = () => useCollection<StoredExperiment>('experiments');
export const useTargets = () => useCollection<StoredTarget>('targets');
export const useModels = () => useCollection<StoredModel>('models');
export const useEndpoints = () => useCollection<StoredEndpoint>('endpoints');
export const useMetrics = () => useCollection<StoredMetric>('metrics');
export const useLayers = () => useCollection<StoredLayer>('layers');
export const useHoldouts = () => useCollection<StoredHoldout>('holdouts');
export const useEnvironments = () => useCollection<StoredEnvironment>('environments');
export const useHalts = () => useCollection<StoredHalt>('halts');
export const useTenants = () => useCollection<StoredTenant>('tenants');

export function useExperiment(key: string) {
  return useQuery({
    queryKey: ['experiments', key],
    queryFn: () =>
      unwrap(
        api.GET('/admin/v1/experiments/{key}', { params: { path: { key } } }),
      ) as unknown as Promise<StoredExperiment>,
  });
}

/** Results are counted from the lake: they are read again every so often, not at every look. */
export function resultsQuery(key: string, detailed: boolean) {
  return queryOptions({
    queryKey: ['results', key, detailed],
    queryFn: () =>
      unwrap(
        api.GET('/admin/v1/experiments/{key}/results', { params: { path: { key }, query: { detailed } } }),
      ) as unknown as Promise<Results>,
    staleTime: 15_000,
    refetchInterval: 30_000,
  });
}

export function useVersions(model: string) {
  return useQuery({
    queryKey: ['versions', model],
    queryFn: async () =>
      (
        await (unwrap(
          api.GET('/admin/v1/models/{model}/versions', {
            params: { path: { model }, query: { limit: LIMIT } },
          }),
        ) as unknown as Listed<StoredVersion>)
      ).items,
  });
}

export interface AuditEntry {
  readonly revision: number;
  readonly at: string;
  readonly actor: { readonly name: string; readonly address: string | null };
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** The newest changes, of everything or of one thing. */
export function useAudit(of: { readonly kind?: string; readonly key?: string } = {}) {
  return useQuery({
    queryKey: ['audit', of],
    queryFn: () =>
      unwrap(
        api.GET('/admin/v1/audit', { params: { query: { limit: 100, ...of } } }),
      ) as unknown as Listed<AuditEntry>,
  });
}

import { useQuery } from '@tanstack/react-query';
import { askJson } from './client.ts';

/** What of the last hours the lake tells, as `GET /admin/v1/traffic` answers it. */
export interface Traffic {
  readonly from: string;
  readonly to: string;
  readonly experiments: readonly { readonly experiment: string; readonly exposures: readonly number[] }[];
  readonly targets: readonly TargetTraffic[];
  readonly shadows: readonly ShadowTraffic[];
}

export interface TargetTraffic {
  readonly target: string;
  readonly cloud: string;
  readonly calls: number;
  readonly failed: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
  readonly cost: number | null;
}

export interface ShadowTraffic {
  readonly endpoint: string;
  readonly target: string;
  readonly calls: number;
  readonly failed: number;
  readonly same: number;
  readonly different: number;
  readonly distance: number | null;
  readonly overlap: number | null;
  readonly p95Ms: number;
  readonly sample: string | null;
}

const REFRESH_MS = 15_000;

/** Read again every few seconds: it is what is live on the page. */
export function useTraffic(hours: number) {
  return useQuery({
    queryKey: ['traffic', hours],
    queryFn: () => askJson<Traffic>(`/admin/v1/traffic?hours=${hours}`),
    refetchInterval: REFRESH_MS,
  });
}

/** What a target says when it is asked. */
export interface TargetState {
  /** Null for a plain HTTP host, which is not asked. */
  readonly ready: boolean | null;
  readonly circuitOpen: boolean;
}

export function useTargetState(target: string) {
  return useQuery({
    queryKey: ['target-state', target],
    queryFn: () => askJson<TargetState>(`/admin/v1/targets/${target}/state`),
    refetchInterval: REFRESH_MS,
  });
}

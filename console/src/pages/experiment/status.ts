import type { StoredExperiment } from '../../api/types.ts';

interface Signed {
  readonly by: string;
  readonly at: string;
}

export interface PlannedChange {
  readonly id: string;
  /** Null: as soon as it is approved. */
  readonly at: string | null;
  /** Either these, or a decision. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly decision?: { readonly decision: string; readonly variant?: string; readonly reason?: string };
  readonly by: string;
  readonly approvals: readonly Signed[];
  readonly failed?: string;
}

/** What the gateway keeps of an experiment beside what its team wrote. */
interface Status {
  readonly approvals: readonly Signed[];
  readonly decision?: Signed & { readonly kind: string; readonly variant?: string; readonly reason?: string };
  readonly rampStep?: { readonly index: number; readonly since: string };
  readonly plannedChanges: readonly PlannedChange[];
}

/** Lists of a draft that nothing has happened to yet are empty. */
export function statusOf(experiment: StoredExperiment): Status {
  const status = (experiment as { readonly status?: Partial<Status> }).status ?? {};
  return { approvals: [], plannedChanges: [], ...status };
}

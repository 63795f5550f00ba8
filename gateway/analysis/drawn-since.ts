import type { Experiment } from '../../experiments/experiment.ts';
import type { AuditEntry, ConfigurationStore } from '../../experiments/store/configuration-store.ts';

const PAGE = 100;

/**
 * The revision that brought an experiment's bucket version into force: what earlier ones exposed was drawn otherwise.
 * 0 for the first version. Throws StoreUnavailableError.
 */
export async function drawnSince(
  store: Pick<ConfigurationStore, 'audit'>,
  { key, bucketVersion }: Pick<Experiment, 'key' | 'bucketVersion'>,
): Promise<number> {
  if (bucketVersion === 1) return 0;
  let beforeRevision: number | undefined;
  do {
    const page = { kind: 'experiments', key, limit: PAGE };
    const entries = await store.audit(beforeRevision === undefined ? page : { ...page, beforeRevision });
    const raised = entries.find(({ before }) => versionIn(before) !== bucketVersion);
    if (raised !== undefined) return raised.revision;
    beforeRevision = entries.at(-1)?.revision;
  } while (beforeRevision !== undefined);
  return 0;
}

/** Null where there was no experiment: then it came into being with its version. */
function versionIn(value: AuditEntry['before']): number | null {
  if (value === null) return null;
  const { bucketVersion } = value;
  return typeof bucketVersion === 'number' ? bucketVersion : 1;
}

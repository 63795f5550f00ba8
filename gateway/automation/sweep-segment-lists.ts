import { listReference } from '../../experiments/segment.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';

/** An upload must be over by then: requests are cut off long before. */
const LEAST_AGE_MS = 60 * 60_000;

/** Removes uploaded lists that no segment names any more, and what broken uploads have left. */
export async function sweepSegmentLists(
  store: Pick<ConfigurationStore, 'readAll' | 'sweepSegmentLists'>,
): Promise<void> {
  const { documents } = await store.readAll();
  const lists = documents.flatMap(({ kind, value }) => (kind === 'segments' ? listReference(value) : []));
  await store.sweepSegmentLists({ kept: new Set(lists.map(({ id }) => id)), olderThanMs: LEAST_AGE_MS });
}

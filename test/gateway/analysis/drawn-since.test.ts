import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../experiments/store/configuration-store.ts';
import { drawnSince } from '../../../gateway/analysis/drawn-since.ts';

/** An audit log of one experiment, one entry a revision: the bucket versions it had, from its creation on. */
function logOf(versions: readonly number[]) {
  const entries = versions.map(
    (bucketVersion, index): AuditEntry => ({
      revision: index + 1,
      at: '2026-11-24T12:00:00.000Z',
      actor: { name: 'ada', address: null },
      kind: 'experiments',
      key: 'ranker',
      action: index === 0 ? 'create' : 'replace',
      before: index === 0 ? null : { bucketVersion: versions[index - 1] },
      after: { bucketVersion },
    }),
  );
  return {
    audit: async ({
      beforeRevision = Number.POSITIVE_INFINITY,
      limit,
    }: {
      beforeRevision?: number;
      limit: number;
    }) =>
      entries
        .toReversed()
        .filter(({ revision }) => revision < beforeRevision)
        .slice(0, limit),
  };
}

const since = (versions: readonly number[]) =>
  drawnSince(logOf(versions), { key: 'ranker', bucketVersion: versions.at(-1) ?? 1 });

describe('the draw in force', () => {
  it('has been there from the beginning while there is one version', async () => {
    expect(await since([1, 1, 1])).toBe(0);
  });

  it('began with the change that raised the version, however many came after it', async () => {
    expect(await since([1, 1, 2])).toBe(3);
    expect(await since([1, 2, 3, 3])).toBe(3);
    expect(await since([1, 1, ...Array.from({ length: 250 }, () => 2)])).toBe(3);
  });

  it('began with the experiment, where that was made with its version', async () => {
    expect(await since([2, 2])).toBe(1);
  });
});

import { randomUUID } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashesOf } from '../../../experiments/id-set.ts';
import type { StoredDocument } from '../../../experiments/store/configuration-store.ts';
import { SegmentSets } from '../../../gateway/snapshot/segment-sets.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const AT = { revision: 1, createdAt: '', updatedAt: '' };
const naming = (id: string, count: number): StoredDocument => ({
  ...AT,
  kind: 'segments',
  key: 'vips',
  value: { key: 'vips', list: { id, count } },
});

/** A store with one list in two parts, that counts what it is asked; or one that is away. */
function storeOf(id: string, isAway = () => false) {
  const chunks = new Map([
    ['first', hashesOf(['ada', 'grace'])],
    ['second', hashesOf(['linus'])],
  ]);
  let asked = 0;
  const answer = async <T>(value: T): Promise<T> => {
    asked += 1;
    if (isAway()) throw new Error('the database is away');
    return value;
  };
  return {
    asked: () => asked,
    segmentList: (wanted: string) =>
      answer(
        wanted === id
          ? {
              id,
              count: 3,
              chunks: [...chunks].map(([chunk, { length }]) => ({ id: chunk, count: length / 8 })),
            }
          : null,
      ),
    segmentHashes: (chunk: string) => answer(chunks.get(chunk) ?? null),
  };
}

describe('the uploaded lists of segments', () => {
  it('are read once, kept on disk, and there without the database', async () => {
    const directory = await temporaryDirectory();
    const id = randomUUID();
    const store = storeOf(id);
    const sets = new SegmentSets({ directory, store });
    const documents = [naming(id, 3)];
    const set = (await sets.load(documents)).get(id);
    expect(['ada', 'linus', 'eve'].map((user) => set?.has(user))).toEqual([true, true, false]);
    const asked = store.asked();
    expect((await sets.load([...documents])).get(id)).toBe(set);
    expect(store.asked()).toBe(asked);

    const restarted = new SegmentSets({ directory, store: storeOf(id, () => true) });
    const restored = (await restarted.load(documents)).get(id);
    expect(['grace', 'linus', 'eve'].map((user) => restored?.has(user))).toEqual([true, true, false]);
  });

  it('are read from the database where the file is damaged, and left out where they are nowhere', async () => {
    const directory = await temporaryDirectory();
    const id = randomUUID();
    await writeFile(join(directory, `${id}.ids`), 'half of a file');
    const sets = new SegmentSets({ directory, store: storeOf(id) });
    expect((await sets.load([naming(id, 3)])).get(id)?.size).toBe(3);
    const nowhere = randomUUID();
    expect((await sets.load([naming(nowhere, 3)])).has(nowhere)).toBe(false);
    await sets.keepOnly([]);
    expect((await sets.load([])).size).toBe(0);
    expect(await readdir(directory)).toEqual([]);
  });

  it('are a rejection while the database is away and there is no file, so that the last ones stay', async () => {
    const id = randomUUID();
    const sets = new SegmentSets({ directory: await temporaryDirectory(), store: storeOf(id, () => true) });
    await expect(sets.load([naming(id, 3)])).rejects.toThrow('away');
  });
});

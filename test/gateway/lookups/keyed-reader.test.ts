import { describe, expect, it } from 'vitest';
import { KeyedReader } from '../../../gateway/lookups/keyed-reader.ts';

const OPTIONS = { cacheMs: 60_000, timeoutMs: 1_000 };
const row = (age: number) => ({ at: 0, values: { age } });

/** A store that answers when it is told to. */
function store() {
  const asked: {
    ids: readonly string[];
    settle: PromiseWithResolvers<Map<string, ReturnType<typeof row>>>;
  }[] = [];
  return {
    asked,
    read: (ids: readonly string[]) => {
      const settle = Promise.withResolvers<Map<string, ReturnType<typeof row>>>();
      asked.push({ ids, settle });
      return settle.promise;
    },
  };
}

const nextTurn = () => new Promise(setImmediate);

describe('looking rows up', () => {
  it('asks for all keys of a turn at once, for each one once at a time, and not again while they are fresh', async () => {
    const { asked, read } = store();
    const reader = new KeyedReader(read, 1_000);
    const [first, second] = [reader.look(['a', 'b', 'a'], OPTIONS), reader.look(['b', 'c'], OPTIONS)];
    await nextTurn();
    expect(asked.map(({ ids }) => ids)).toEqual([['a', 'b', 'c']]);
    const third = reader.look(['c', 'd'], OPTIONS);
    await nextTurn();
    expect(asked.map(({ ids }) => ids)).toEqual([['a', 'b', 'c'], ['d']]);
    asked[0]?.settle.resolve(new Map([['a', row(1)]]));
    asked[1]?.settle.resolve(new Map());
    expect(await third).toEqual(['missing', 'missing']);
    expect(await first).toEqual([row(1), 'missing', row(1)]);
    expect(await second).toEqual(['missing', 'missing']);
    expect(await reader.look(['a', 'b', 'c'], OPTIONS)).toEqual([row(1), 'missing', 'missing']);
    expect(asked).toHaveLength(2);
  });

  it('answers without a database that is too slow, and learns what it says in the end', async () => {
    const { asked, read } = store();
    const reader = new KeyedReader(read, 1_000);
    expect(await reader.look(['a'], { ...OPTIONS, timeoutMs: 10 })).toEqual(['unavailable']);
    asked[0]?.settle.resolve(new Map([['a', row(1)]]));
    await nextTurn();
    expect(await reader.look(['a'], OPTIONS)).toEqual([row(1)]);
    expect(asked).toHaveLength(1);
  });

  it('leaves a database that is away alone for a while, and then asks it again', async () => {
    const { asked, read } = store();
    const reader = new KeyedReader(read, 1_000);
    const failing = reader.look(['a'], OPTIONS);
    await nextTurn();
    asked[0]?.settle.reject(new Error('away'));
    expect(await failing).toEqual(['unavailable']);
    expect(await reader.look(['a'], OPTIONS)).toEqual(['unavailable']);
    expect(asked).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    void reader.look(['a'], OPTIONS);
    await nextTurn();
    expect(asked).toHaveLength(2);
  });
});

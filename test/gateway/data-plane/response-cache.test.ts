import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { type CachedCall, ResponseCache } from '../../../gateway/data-plane/response-cache.ts';

const body = (text: string) => ({ bytes: Buffer.from(text), jsonBytes: null });

/** A model that answers when it is told to, and how often it was asked. */
function model() {
  const asked: { resolve: (answer: string) => void; signal: AbortSignal }[] = [];
  const call = (key = 'k', fields: Partial<CachedCall<string>> = {}): CachedCall<string> => ({
    endpoint: 'e',
    key,
    ttlMs: 60_000,
    signal: new AbortController().signal,
    leftMs: 60_000,
    ask: (signal) => new Promise((resolve) => asked.push({ resolve, signal })),
    keep: (answer) => (answer.startsWith('failed') ? null : body(answer)),
    fromKept: ({ bytes }) => `kept ${bytes}`,
    ...fields,
  });
  return { asked, call };
}
const open = (maxBytes = 1_000) => new ResponseCache<string>({ maxBytes, registry: new Registry() });

describe('a response cache', () => {
  it('asks once for what is asked at the same time, and not again while the answer is fresh', async () => {
    const cache = open();
    const { asked, call } = model();
    const [first, second] = [cache.answer(call()), cache.answer(call())];
    asked[0]?.resolve('a');
    expect(await first).toEqual({ answer: 'a', outcome: 'miss' });
    expect(await second).toEqual({ answer: 'kept a', outcome: 'shared' });
    expect(await cache.answer(call())).toEqual({ answer: 'kept a', outcome: 'hit' });
    expect(asked).toHaveLength(1);
    void cache.answer(call('other'));
    expect(asked).toHaveLength(2);
  });

  it('asks again once the answer is too old, or had to make room', async () => {
    const cache = open(30);
    const { asked, call } = model();
    const ask = async (key: string, ttlMs = 60_000) => {
      const answer = cache.answer(call(key, { ttlMs }));
      asked.at(-1)?.resolve('0123456789');
      return (await answer).outcome;
    };
    expect([await ask('a'), await ask('b'), await ask('c'), await ask('a')]).toEqual([
      'miss',
      'miss',
      'miss',
      'miss',
    ]);
    expect(await ask('old', 1)).toBe('miss');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ask('old', 1)).toBe('miss');
  });

  it('lets who shared a call that came to nothing ask for itself', async () => {
    const cache = open();
    const { asked, call } = model();
    const [first, second] = [cache.answer(call()), cache.answer(call())];
    asked[0]?.resolve('failed');
    expect(await first).toEqual({ answer: 'failed', outcome: 'miss' });
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    asked[1]?.resolve('a');
    expect(await second).toEqual({ answer: 'a', outcome: 'miss' });
  });

  it('goes on for the others when the first client leaves, and ends when all have left', async () => {
    const cache = open();
    const { asked, call } = model();
    const clients = [new AbortController(), new AbortController()];
    const answers = clients.map(({ signal }) => cache.answer(call('k', { signal })));
    clients[0]?.abort();
    expect(asked[0]?.signal.aborted).toBe(false);
    asked[0]?.resolve('a');
    expect((await answers[1])?.answer).toBe('kept a');
    const alone = new AbortController();
    void cache.answer(call('alone', { signal: alone.signal }));
    alone.abort();
    expect(asked[1]?.signal.aborted).toBe(true);
  });

  it('waits for another call no longer than the client has time', async () => {
    const cache = open();
    const { asked, call } = model();
    void cache.answer(call());
    const late = cache.answer(call('k', { leftMs: 10, ask: async () => 'out of time' }));
    expect(await late).toEqual({ answer: 'out of time', outcome: 'miss' });
    expect(asked).toHaveLength(1);
  });
});

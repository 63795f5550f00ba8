import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startTestGateway } from '../support/test-gateway.ts';
import { breaches, type Exchange, replay } from './contract.ts';

const recordings = globSync('test/contracts/recorded/*.json').map((file) => ({
  file,
  exchanges: JSON.parse(readFileSync(file, 'utf8')).exchanges as readonly Exchange[],
}));

describe('a client that was recorded', () => {
  it('is there', () => {
    expect(recordings.length).toBeGreaterThan(0);
    for (const { exchanges } of recordings) expect(exchanges.length).toBeGreaterThan(50);
  });

  it.each(recordings)('still gets what it relies on: $file', async ({ exchanges }) => {
    const gateway = await startTestGateway();
    try {
      const answers = await replay(
        gateway,
        exchanges.map(({ request }) => request),
      );
      const broken = exchanges.flatMap(({ request, answer }, index) => {
        const now = answers[index];
        return now === undefined ? [] : breaches(answer, now).map((breach) => `${request.name}: ${breach}`);
      });
      expect(broken).toEqual([]);
      expect(answers).toHaveLength(exchanges.length);
    } finally {
      await gateway.stop();
    }
  });
});

describe('a change of an answer', () => {
  const recorded = {
    status: 200,
    contentType: 'application/json',
    headers: ['etag'],
    body: { a: 'string', b: [{ c: 'number' }] },
  } as const;

  it('breaks nobody by what it adds', () => {
    const more = {
      ...recorded,
      headers: ['etag', 'x-new'],
      body: { a: 'string', b: [{ c: 'number', d: 'null' }], e: [] },
    } as const;
    expect(breaches(recorded, more)).toEqual([]);
    expect(breaches(recorded, { ...recorded, body: { ...recorded.body, b: [] } })).toEqual([]);
  });

  it.each([
    [{ status: 201 }, 'status 201, not 200'],
    [{ contentType: 'text/plain' }, 'content-type text/plain, not application/json'],
    [{ headers: [] }, 'no header etag'],
    [{ body: { b: [] } }, 'body.a is gone'],
    [{ body: { a: 'number', b: [] } }, 'body.a is number, not string'],
    [{ body: { a: 'string', b: [{}] } }, 'body.b[].c is gone'],
    [{ body: { a: 'string', b: 'string' } }, 'body.b is string, not a list'],
  ])('breaks clients by %j', (change, breach) => {
    expect(breaches(recorded, { ...recorded, ...change })).toEqual([breach]);
  });
});

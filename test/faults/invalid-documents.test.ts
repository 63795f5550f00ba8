import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTemporaryServer } from '../support/embedded-server.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** Two gateways on one database, into which somebody writes beside the API. */
let server: Awaited<ReturnType<typeof startTemporaryServer>>;
let client: MongoClient;
let first: TestGateway;
let second: TestGateway;
let secret: string;

const start = (dataDir?: string) => startTestGateway({ MONGODB_URI: server.uri }, dataDir);

/** Ends the second gateway and starts it again on its directory: it reads everything. */
async function restart(): Promise<void> {
  await second.stop({ keepData: true });
  second = await start(second.dataDir);
}

beforeAll(async () => {
  server = await startTemporaryServer();
  client = new MongoClient(server.uri);
  first = await start();
  second = await start();
  ({ secret } = await first.tenant('acme', { plan: 'pro' }));
  await first.register('/targets', {
    key: 'pages',
    kind: 'http',
    cloud: 'local',
    region: 'here',
    url: 'http://127.0.0.1:1',
  });
  await first.register('/endpoints', { key: 'shop', defaultTarget: 'pages' });
  await first.register('/layers', { key: 'design' });
  await first.register('/segments', { key: 'pros', condition: { 'tenant.plan': 'pro' } });
  for (const [index, key] of ['colour', 'size'].entries()) {
    await first.register('/experiments', {
      key,
      endpoint: 'shop',
      unit: 'user',
      audience: { $savedGroup: { id: 'pros' } },
      layer: { key: 'design', from: index * 5_000, to: index * 5_000 + 5_000 },
      variants: ['a', 'b'].map((variant) => ({
        key: variant,
        weight: 5_000,
        parameters: { value: variant },
      })),
    });
    await first.register(`/experiments/${key}/start`, {});
  }
  // Whatever is changed last is read from the log, not from its document.
  await first.register('/layers', { key: 'last' });
  await vi.waitUntil(async () => (await second.admin('GET', '/layers/last')).status === 200);
});

afterAll(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await client.close();
  await server.stop();
});

/** How an experiment answers each of ten users, who fall into either half of the layer. */
const answersOf = (gateway: TestGateway, flag: string) =>
  Promise.all(
    Array.from({ length: 10 }, async (_, user) => {
      const { body } = await call(`${gateway.url}/ofrep/v1/evaluate/flags/${flag}`, {
        method: 'POST',
        headers: { 'x-api-key': secret, 'content-type': 'application/json' },
        body: JSON.stringify({ context: { targetingKey: `user-${user}` } }),
      });
      return `${body.reason} ${body.variant}`;
    }),
  );

/** Puts a value in the place of a document; answers the one that was there. */
async function write(id: string, value: string): Promise<string> {
  const documents = client.db('switchyard').collection<{ _id: string; value: string }>('documents');
  const before = await documents.findOneAndUpdate({ _id: id }, { $set: { value } });
  if (before === null) throw new Error(`there is no document ${id}`);
  return before.value;
}

/** The same, and back again. */
async function written<T>(id: string, value: unknown, meanwhile: () => Promise<T>): Promise<T> {
  const before = await write(id, JSON.stringify(value));
  try {
    return await meanwhile();
  } finally {
    await write(id, before);
  }
}

describe('a document that somebody has spoilt beside the API', () => {
  it.each([
    ['experiments/colour', { key: 'colour', variants: 'two' }],
    ['segments/pros', { key: 'pros', condition: { plan: { $inn: [] } } }],
    ['layers/design', { key: 'design', hash: 'md5' }],
    ['tenants/acme', { key: 'acme', attributes: 'pro' }],
    ['endpoints/shop', { key: 'shop' }],
  ])('takes no gateway down, not even one that starts: %s', async (id, spoilt) => {
    const before = await answersOf(second, 'colour');
    expect(new Set(before).size).toBeGreaterThan(1);
    await written(id, spoilt, async () => {
      await restart();
      expect(await answersOf(second, 'colour')).toEqual(before);
      expect(await answersOf(first, 'colour')).toEqual(before);
      const { body } = await second.admin('GET', '/status');
      expect(body.state).toBe('invalid');
      expect(body.rejected.map(({ resource }: { resource: string }) => resource)).toContain(id);
      const metrics = String((await call(second.metricsUrl)).body);
      expect(metrics).toContain(`switchyard_configuration_rejected{resource="${id}"} 1`);
      expect(metrics).toMatch(/^switchyard_configuration_fresh 0$/m);
    });
    await restart();
    expect((await second.admin('GET', '/status')).body).toMatchObject({ state: 'fresh', rejected: [] });
  });

  it('keeps nobody from stopping an experiment, on whichever gateway, and is mended through the API', async () => {
    await written('layers/last', { key: 'last', hash: 'md5' }, async () => {
      await first.register('/layers', { key: 'newer' });
      await restart();
      expect((await second.admin('GET', '/status')).body.state).toBe('invalid');
      expect(await second.admin('POST', '/experiments/size/pause', {})).toMatchObject({ status: 200 });
      expect((await answersOf(second, 'size')).every((answer) => answer.startsWith('DISABLED'))).toBe(true);
      await sleep(1_000);
      expect((await answersOf(first, 'size')).every((answer) => answer.startsWith('DISABLED'))).toBe(true);
      const mended = await second.admin('PUT', '/layers/last', { key: 'last' }, { 'if-match': '*' });
      expect(mended).toMatchObject({ status: 200 });
      expect((await second.admin('GET', '/status')).body).toMatchObject({ state: 'fresh', rejected: [] });
    });
  });

  it('is mended by whatever is done to it, from where it last was', async () => {
    await write('experiments/colour', JSON.stringify({ key: 'colour', variants: 'two' }));
    await first.register('/layers', { key: 'newest' });
    await restart();
    expect((await second.admin('GET', '/status')).body.state).toBe('invalid');
    const paused = await second.admin('POST', '/experiments/colour/pause', {});
    expect(paused).toMatchObject({
      status: 200,
      body: { state: 'paused', variants: [{ key: 'a' }, { key: 'b' }] },
    });
    expect((await second.admin('GET', '/status')).body).toMatchObject({ state: 'fresh', rejected: [] });
    expect((await answersOf(second, 'colour')).every((answer) => answer.startsWith('DISABLED'))).toBe(true);
  });
});

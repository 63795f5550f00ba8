import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../../experiments/store/configuration-store.ts';
import { KnownConfiguration, TENANT_SECRET_PREFIX } from '../../../gateway/snapshot/known-configuration.ts';
import { startTemporaryServer } from '../../support/embedded-server.ts';

const actor = { name: 'test', address: null };
let server: Awaited<ReturnType<typeof startTemporaryServer>>;
let store: ConfigurationStore;
let database: string;
let revision: number;
let now: number;

beforeAll(async () => {
  server = await startTemporaryServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = `known-${randomUUID()}`;
  store = await ConfigurationStore.connect({ uri: server.uri, database });
  [revision, now] = [0, 0];
  return () => store.close();
});

const put = async (kind: string, key: string, value: Record<string, unknown> | null) => {
  const committed = await store.commit({
    baseRevision: revision,
    changes: [{ kind, key, action: 'put', value }],
    actor,
  });
  if (!committed.ok) throw new Error('another change came first');
  revision = committed.revision;
};

const follower = () => new KnownConfiguration({ store, rereadAfterMs: 1_000, now: () => now });

/** Writes to the database beside the store, as somebody with a shell of it could. */
async function beside<T>(work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(server.uri);
  return work(client).finally(() => client.close());
}

describe('what is known of the store', () => {
  it('is the same object while nothing changes, and so is each document that does not', async () => {
    await put('layers', 'a', { n: 1 });
    await put('layers', 'b', { n: 1 });
    const source = follower();
    const first = await source.update();
    expect(await source.update()).toBe(first);
    await put('layers', 'b', { n: 2 });
    const second = await source.update();
    expect(second.documents.map(({ key, value }) => [key, value['n']])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(second.documents[0]).toBe(first.documents[0]);
    now = 2_000;
    expect(await source.update()).toBe(second);
  });

  it('catches up with what it has missed, be it a few changes or more than are read one by one', async () => {
    const source = follower();
    await put('layers', 'a', { n: 0 });
    await source.update();
    for (const missed of [3, 101]) {
      for (let n = 1; n <= missed; n++) await put('layers', n % 2 === 0 ? 'even' : 'odd', { n });
      await put('layers', 'odd', null);
      const known = await source.update();
      expect(known.revision).toBe(revision);
      const all = await store.readAll();
      expect(new Set(known.documents)).toEqual(new Set(all.documents));
    }
  });

  it('has the keys of the tenants that are there, and no others', async () => {
    await store.secret(`${TENANT_SECRET_PREFIX}acme`, () => 'aa');
    await store.secret(`${TENANT_SECRET_PREFIX}gone`, () => 'bb');
    const source = follower();
    await put('tenants', 'acme', { key: 'acme' });
    expect([...(await source.update()).unitKeys.keys()]).toEqual(['acme']);
    await store.replaceSecret(`${TENANT_SECRET_PREFIX}acme`, 'cc');
    await put('layers', 'a', { n: 1 });
    expect((await source.update()).unitKeys.get('acme')?.toString('hex')).toBe('aa');
    await put('tenants', 'acme', { key: 'acme' });
    expect((await source.update()).unitKeys.get('acme')?.toString('hex')).toBe('cc');
    await store.replaceSecret(`${TENANT_SECRET_PREFIX}acme`, 'dd');
    now = 2_000;
    expect((await source.update()).unitKeys.get('acme')?.toString('hex')).toBe('dd');
    await put('tenants', 'acme', null);
    expect((await source.update()).unitKeys.size).toBe(0);
  });

  it('notices after a while what was written beside the log', async () => {
    await put('layers', 'a', { n: 1 });
    await put('layers', 'b', { n: 1 });
    const source = follower();
    const first = await source.update();
    await beside((client) =>
      client
        .db(database)
        .collection<{ _id: string }>('documents')
        .updateOne({ _id: 'layers/a' }, { $set: { value: '{"n":2}' } }),
    );
    expect(await source.update()).toBe(first);
    now = 2_000;
    expect((await source.update()).documents).toMatchObject([{ value: { n: 2 } }, { value: { n: 1 } }]);
  });

  it('is read anew where the database was put back to another state', async () => {
    await put('layers', 'a', { n: 1 });
    const source = follower();
    await source.update();
    await beside((client) => client.db(database).dropDatabase());
    revision = 0;
    await put('layers', 'b', { n: 1 });
    await put('layers', 'c', { n: 1 });
    expect((await source.update()).documents.map(({ key }) => key).sort()).toEqual(['b', 'c']);
  });
});

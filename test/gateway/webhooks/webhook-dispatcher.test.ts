import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../../experiments/store/configuration-store.ts';
import {
  type EmbeddedMongo,
  startEmbeddedMongo,
} from '../../../experiments/store/embedded/start-embedded-mongo.ts';
import { messageSender } from '../../../gateway/webhooks/send-message.ts';
import { WebhookDispatcher } from '../../../gateway/webhooks/webhook-dispatcher.ts';
import { addSecret } from '../../../gateway/webhooks/webhook-secrets.ts';

import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';

const actor = { name: 'ada', address: null };
const { signal } = new AbortController();

let directory: string;
let mongo: EmbeddedMongo;
let store: ConfigurationStore;
let receiver: WebhookReceiver;
let now: number;
let databases = 0;
const sender = messageSender({ allowPrivate: true });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-'));
  mongo = await startEmbeddedMongo({ directory });
});

afterAll(async () => {
  await sender.close();
  await mongo.stop();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  now = Date.now();
  databases += 1;
  store = await ConfigurationStore.connect({ uri: mongo.uri, database: `webhooks-${databases}` });
  receiver = await startWebhookReceiver();
});

afterEach(async () => {
  await receiver.stop();
  await store.close();
});

async function commit(kind: string, key: string, action: string, value: Record<string, unknown> | null) {
  const baseRevision = await store.revision();
  await store.commit({ baseRevision, changes: [{ kind, key, action, value }], actor });
}

const register = (fields: Record<string, unknown> = {}) =>
  commit('webhooks', 'hook', 'create', { key: 'hook', url: receiver.url, ...fields });

/** One round, as any process of the installation may make it. */
async function round(): Promise<void> {
  const { documents } = await store.readAll();
  await new WebhookDispatcher({ store, documents: () => documents, send: sender.send, now: () => now }).run(
    signal,
  );
}

const types = () => receiver.received.map(({ body }) => JSON.parse(body).type);

describe('a webhook', () => {
  it('hears of what comes after it, in order and once, as its library verifies it', async () => {
    await commit('layers', 'before', 'create', { key: 'before' });
    await register();
    const secret = await addSecret(store, 'hook', now);
    await commit('layers', 'a', 'create', { key: 'a' });
    await commit('layers', 'a', 'delete', null);
    await round();
    await round();
    expect(types()).toEqual(['layers.create', 'layers.delete']);
    const [first] = receiver.received;
    const payload = new Webhook(secret).verify(first?.body ?? '', first?.headers ?? {});
    expect(payload).toMatchObject({
      type: 'layers.create',
      data: {
        revision: 3,
        kind: 'layers',
        key: 'a',
        actor: { name: 'ada' },
        before: null,
        after: { key: 'a' },
      },
    });
    expect(() => new Webhook(secret).verify(`${first?.body} `, first?.headers ?? {})).toThrow();
  });

  it('hears only of what it asked for, and of nothing while it is disabled', async () => {
    await register({ kinds: ['layers'], actions: ['create'], keys: ['a', 'b'] });
    await commit('layers', 'a', 'create', { key: 'a' });
    await commit('layers', 'c', 'create', { key: 'c' });
    await commit('segments', 'a', 'create', { key: 'a' });
    await commit('layers', 'a', 'replace', { key: 'a' });
    await round();
    expect(types()).toEqual(['layers.create']);
    await commit('webhooks', 'hook', 'replace', { key: 'hook', url: receiver.url, enabled: false });
    await commit('layers', 'b', 'create', { key: 'b' });
    await round();
    await commit('webhooks', 'hook', 'replace', { key: 'hook', url: receiver.url });
    await commit('layers', 'd', 'create', { key: 'd' });
    await round();
    expect(types()).toEqual(['layers.create', 'webhooks.replace', 'layers.create']);
  });

  it('is tried again with growing pauses and the same id, and what is behind waits its turn', async () => {
    await register();
    receiver.answer(503);
    await commit('layers', 'a', 'create', { key: 'a' });
    await commit('layers', 'b', 'create', { key: 'b' });
    for (const pause of [0, 0, 4_999]) {
      now += pause;
      await round();
    }
    expect(receiver.received).toHaveLength(1);
    now += 1;
    await round();
    expect(receiver.received).toHaveLength(2);
    expect(await store.webhookDeliveries('hook', { limit: 9, beforeRevision: null })).toMatchObject([
      { id: 'msg_2_0', state: 'retrying', attempts: 2, status: 503, error: 'answered 503' },
    ]);
    receiver.answer(204);
    now += 30_000;
    await round();
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      'msg_2_0',
      'msg_2_0',
      'msg_2_0',
      'msg_3_0',
    ]);
  });

  it('gives a change up after a day, says so, and goes on with the next', async () => {
    await register();
    receiver.answer(500);
    await commit('layers', 'a', 'create', { key: 'a' });
    const started = now;
    for (let attempt = 0; attempt < 11; attempt++) {
      await round();
      now += 28_800_000;
    }
    expect(now - started).toBeGreaterThan(86_400_000);
    receiver.answer(200);
    await commit('layers', 'b', 'create', { key: 'b' });
    await round();
    expect(await store.webhookDeliveries('hook', { limit: 9, beforeRevision: null })).toMatchObject([
      { revision: 3, state: 'delivered', attempts: 1 },
      { revision: 2, state: 'failed', attempts: 11 },
    ]);
  });

  it('hears of each thing that one commit changed, and only of the rest after a failure among them', async () => {
    await register();
    const changes = ['a', 'b', 'c'].map((key) => ({ kind: 'layers', key, action: 'create', value: { key } }));
    await store.commit({ baseRevision: 1, changes, actor });
    const failing = new Set(['msg_2_1']);
    const { documents } = await store.readAll();
    const flaky = new WebhookDispatcher({
      store,
      documents: () => documents,
      now: () => now,
      send: async (url, body, headers) =>
        failing.delete(headers['webhook-id'])
          ? { ok: false, status: null, error: 'cut off' }
          : sender.send(url, body, headers),
    });
    await flaky.run(signal);
    now += 5_000;
    await flaky.run(signal);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      'msg_2_0',
      'msg_2_1',
      'msg_2_2',
    ]);
  });

  it('is signed with the old secret too for a day after a new one was made', async () => {
    await register();
    const old = await addSecret(store, 'hook', now);
    now += 60_000;
    const fresh = await addSecret(store, 'hook', now);
    const verifiedBy = async (secrets: readonly string[]) => {
      await commit('layers', 'a', 'put', { key: 'a' });
      await round();
      const { headers = {}, body = '' } = receiver.received.at(-1) ?? {};
      return secrets.map((secret) => {
        try {
          new Webhook(secret).verify(body, headers);
          return true;
        } catch {
          return false;
        }
      });
    };
    expect(await verifiedBy([old, fresh])).toEqual([true, true]);
    const third = await addSecret(store, 'hook', now + 25 * 60 * 60_000);
    expect(await verifiedBy([old, third])).toEqual([false, true]);
  });

  it('is not led elsewhere by a redirect', async () => {
    await register();
    receiver.answer(302);
    await commit('layers', 'a', 'create', { key: 'a' });
    await round();
    expect(receiver.received).toHaveLength(1);
    expect(await store.webhookDeliveries('hook', { limit: 1, beforeRevision: null })).toMatchObject([
      { state: 'retrying', status: 302 },
    ]);
  });
});

describe('a webhook without leave to go to private addresses', () => {
  const strict = messageSender({ allowPrivate: false });
  const headers = { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' };
  afterAll(() => strict.close());

  it.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://10.1.2.3/',
    'https://192.168.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[fd00::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://0.0.0.0/',
    'https://localhost/',
    'https://2130706433/',
  ])('is not sent to %s', async (url) => {
    const result = await strict.send(url, '{}', headers);
    expect(result).toMatchObject({ ok: false, status: null });
    expect(result.error).toMatch(/public|only https/);
  });
});

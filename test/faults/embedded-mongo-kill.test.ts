import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { startEmbeddedMongo } from '../../experiments/store/embedded/start-embedded-mongo.ts';

const ROUNDS = 10;
const WRITERS = 4;
/** Acknowledged in each round before the kill, so that every round is under load. */
const MIN_WRITES = 20;
const OWNER = join(import.meta.dirname, '..', 'support', 'embedded-mongo-owner.ts');

interface Owner {
  readonly process: ChildProcess;
  readonly uri: string;
}

async function startOwner(directory: string): Promise<Owner> {
  const owner = spawn(process.execPath, [OWNER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [uri] = await once(createInterface(owner.stdout), 'line');
  return { process: owner, uri: String(uri) };
}

async function kill(owner: Owner): Promise<void> {
  owner.process.kill('SIGKILL');
  await once(owner.process, 'exit');
}

describe('kill -9 of the process that owns the embedded server', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'switchyard-kill-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** What each writer was told is written; the last one it tried may be there or not. */
  const acknowledged = Array.from({ length: WRITERS }, () => 0);
  let revision = 0;

  const writes = () => acknowledged.reduce((sum, n) => sum + n, revision);

  async function insertUntilDeath(client: MongoClient, writer: number): Promise<void> {
    const items = client.db('kill').collection<{ _id: string }>(`writer${writer}`);
    for (let n = (acknowledged[writer] ?? 0) + 1; ; n += 1) {
      // What was written but not acknowledged before the last kill is there already.
      await items.updateOne({ _id: String(n) }, { $set: { n } }, { upsert: true });
      acknowledged[writer] = n;
    }
  }

  async function commitUntilDeath(store: ConfigurationStore): Promise<void> {
    for (;;) {
      const value = revision % 5 === 4 ? null : { revision };
      const change = { kind: 'model', key: `m${revision % 7}`, action: 'put', value };
      ({ revision } = await store.commit({
        baseRevision: revision,
        changes: [change],
        actor: { name: 'test', address: null },
      }));
    }
  }

  async function writeUntilKilled(owner: Owner): Promise<void> {
    const client = new MongoClient(owner.uri, { serverSelectionTimeoutMS: 300 });
    const store = await ConfigurationStore.connect({ uri: owner.uri, serverSelectionTimeoutMs: 300 });
    const writers = [
      ...acknowledged.map((_, writer) => insertUntilDeath(client, writer)),
      commitUntilDeath(store),
    ];
    const before = writes();
    const ended = Promise.allSettled(writers);
    await vi.waitFor(() => expect(writes()).toBeGreaterThan(before + MIN_WRITES), { timeout: 20_000 });
    await sleep(Math.random() * 200);
    await kill(owner);
    const outcomes = await ended;
    expect(outcomes.map(({ status }) => status)).toEqual(writers.map(() => 'rejected'));
    await Promise.all([client.close(), store.close()]);
  }

  async function checkNothingIsLost(owner: Owner): Promise<void> {
    const client = new MongoClient(owner.uri);
    for (const [writer, last] of acknowledged.entries()) {
      const found = await client.db('kill').collection<{ n: number }>(`writer${writer}`).find().toArray();
      const numbers = new Set(found.map(({ n }) => n));
      for (let n = 1; n <= last; n += 1) expect(numbers.has(n), `write ${n} of writer ${writer}`).toBe(true);
      expect(numbers.size - last).toBeLessThanOrEqual(1);
    }
    await client.close();

    const store = await ConfigurationStore.connect({ uri: owner.uri });
    const now = await store.readAll();
    const entries = await store.audit({ limit: 1_000_000 });
    expect(now.revision - revision).toBeOneOf([0, 1]);
    expect(entries.map((entry) => entry.revision)).toEqual(
      Array.from({ length: now.revision }, (_, n) => now.revision - n),
    );
    const replayed = new Map(entries.toReversed().map(({ key, after }) => [key, after]));
    expect(new Map(now.documents.map(({ key, value }) => [key, value]))).toEqual(
      new Map([...replayed].filter(([, after]) => after !== null)),
    );
    revision = now.revision;
    await store.close();
  }

  it(`loses no acknowledged write in ${ROUNDS} rounds under load`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await writeUntilKilled(await startOwner(directory));
      const owner = await startOwner(directory);
      await checkNothingIsLost(owner);
      await kill(owner);
    }
  });

  it('frees the directory, which no second process gets before', async () => {
    const owner = await startOwner(directory);
    await expect(startEmbeddedMongo({ directory })).rejects.toMatchObject({
      code: 'directory-in-use',
      message: expect.stringContaining(directory),
    });
    await kill(owner);
    const next = await startEmbeddedMongo({ directory });
    await next.stop();
  });
});

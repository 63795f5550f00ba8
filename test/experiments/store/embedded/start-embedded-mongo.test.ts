import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedMongo } from '../../../../experiments/store/embedded/start-embedded-mongo.ts';

describe('startEmbeddedMongo', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'switchyard-mongo-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function ping(uri: string) {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 500 });
    return client
      .db('shop')
      .collection('items')
      .count()
      .finally(() => client.close());
  }

  it('makes its directory, for its owner alone, and keeps what was written over a restart', async () => {
    const directory = join(root, 'deep', 'mongo');
    for (const round of [0, 1, 2]) {
      const server = await startEmbeddedMongo({ directory });
      expect((await stat(directory)).mode & 0o777).toBe(0o700);
      const client = new MongoClient(server.uri);
      const items = client.db('shop').collection('items');
      expect(await items.count()).toBe(round);
      await items.insertOne({ round });
      await client.close();
      await server.stop();
    }
  });

  it('refuses a directory that has an owner, by name, until that one stops', async () => {
    const first = await startEmbeddedMongo({ directory: root });
    await expect(startEmbeddedMongo({ directory: root })).rejects.toMatchObject({
      name: 'EmbeddedMongoError',
      code: 'directory-in-use',
      message: expect.stringContaining(root),
    });
    expect(await ping(first.uri)).toBe(0);
    await first.stop();
    const second = await startEmbeddedMongo({ directory: root });
    expect(await ping(second.uri)).toBe(0);
    await second.stop();
  });

  it('refuses a directory that cannot hold it, by name', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(startEmbeddedMongo({ directory: join(root, 'file') })).rejects.toMatchObject({
      code: 'directory-unusable',
      message: expect.stringContaining(join(root, 'file')),
    });
    await mkdir(join(root, 'other', 'configuration.sqlite'), { recursive: true });
    await expect(startEmbeddedMongo({ directory: join(root, 'other') })).rejects.toMatchObject({
      code: 'directory-unusable',
    });
  });

  it('listens on a socket in its directory, which is gone with it', async () => {
    const server = await startEmbeddedMongo({ directory: root });
    expect(decodeURIComponent(server.uri)).toBe(`mongodb://${root}/mongo.sock/`);
    expect((await stat(join(root, 'mongo.sock'))).isSocket()).toBe(true);
    await server.stop();
    await expect(stat(join(root, 'mongo.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(ping(server.uri)).rejects.toMatchObject({ name: 'MongoServerSelectionError' });
  });

  it('listens on loopback, with a password, where the path is too long for a socket', async () => {
    const server = await startEmbeddedMongo({ directory: join(root, 'x'.repeat(100)) });
    const uri = new URL(server.uri);
    expect(uri.hostname).toBe('127.0.0.1');
    expect(await ping(server.uri)).toBe(0);
    const refusals = { [`mongodb://${uri.host}/`]: 13, [server.uri.replace(uri.password, 'guess')]: 18 };
    for (const [stranger, code] of Object.entries(refusals)) {
      await expect(ping(stranger)).rejects.toMatchObject({ code });
    }
    await server.stop();
  });
});

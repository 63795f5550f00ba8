import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../../experiments/store/configuration-store.ts';
import { startEmbeddedMongo } from '../../../experiments/store/embedded/start-embedded-mongo.ts';
import { describeConfigurationStore } from '../../support/configuration-store-contract.ts';

describeConfigurationStore('the embedded server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-store-'));
  const server = await startEmbeddedMongo({ directory });
  return {
    uri: server.uri,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
});

const uri = process.env['MONGODB_URI'];
if (uri !== undefined) {
  describeConfigurationStore('the server that MONGODB_URI names', async () => ({
    uri,
    stop: () => Promise.resolve(),
  }));
}

describe('ConfigurationStore.connect', () => {
  it('needs no server yet', async () => {
    const store = await ConfigurationStore.connect({
      uri: 'mongodb://127.0.0.1:1/',
      serverSelectionTimeoutMs: 100,
    });
    await expect(store.revision()).rejects.toMatchObject({ code: 'unreachable' });
    await store.close();
  });

  it('refuses what is no connection string, without repeating it', async () => {
    const connecting = ConfigurationStore.connect({ uri: 'postgres://user:hunter2@db/' });
    await expect(connecting).rejects.toMatchObject({
      code: 'invalid-uri',
      message: expect.not.stringContaining('hunter2'),
    });
  });
});

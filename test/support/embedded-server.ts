import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedMongo } from '../../experiments/store/embedded/start-embedded-mongo.ts';

/** An embedded server on a directory that is made for it and goes with it. */
export async function startTemporaryServer(): Promise<{
  readonly uri: string;
  readonly directory: string;
  stop(): Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-mongo-'));
  const { uri, stop } = await startEmbeddedMongo({ directory });
  return {
    uri,
    directory,
    async stop() {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}

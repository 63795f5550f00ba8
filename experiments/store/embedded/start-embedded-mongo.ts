import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EmbeddedMongoReport } from './embedded-mongo.worker.ts';
import { EmbeddedMongoError } from './embedded-mongo-error.ts';

/** A running embedded server. `stop` ends its connections, closes its files and waits for both. */
export interface EmbeddedMongo {
  /** Connection string for the official driver; may hold a password that is good until `stop`. */
  readonly uri: string;
  stop(): Promise<void>;
}

/**
 * Starts the MongoDB-wire server on a directory of its own, in a thread: its fsyncs hold up nobody else, and it
 * dies with the process. Throws EmbeddedMongoError: `directory-in-use` when another process (or another server
 * of this one) has the directory, `directory-unusable` when it cannot be written. What it can and cannot do:
 * README.md beside this file.
 */
export async function startEmbeddedMongo(options: { readonly directory: string }): Promise<EmbeddedMongo> {
  const worker = new Worker(new URL('./embedded-mongo.worker.ts', import.meta.url), {
    workerData: options.directory,
  });
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  worker.once('exit', () => resolve());
  const [report]: EmbeddedMongoReport[] = await once(worker, 'message');
  if (report?.state !== 'ready') {
    await exited;
    throw new EmbeddedMongoError(
      report?.code ?? 'server-failed',
      report?.message ?? 'no report from the server',
    );
  }
  // Its clients see the connection go and the store says that it is unavailable; this says why.
  worker.on('error', (error) => process.emitWarning(`the embedded MongoDB server died: ${error.message}`));
  return {
    uri: report.uri,
    async stop() {
      worker.postMessage('stop');
      await exited;
    },
  };
}

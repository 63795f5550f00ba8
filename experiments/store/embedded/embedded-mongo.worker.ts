import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Collections } from './collections.ts';
import { USER_NAME } from './connection-commands.ts';
import { openDatabaseFile } from './database-file.ts';
import { EmbeddedMongoError, type EmbeddedMongoErrorCode } from './embedded-mongo-error.ts';
import { WireServer } from './wire-server.ts';

/** What the thread tells its starter, once. */
export type EmbeddedMongoReport =
  | { readonly state: 'ready'; readonly uri: string }
  | { readonly state: 'failed'; readonly code: EmbeddedMongoErrorCode; readonly message: string };

/** The address of a Unix socket holds 103 bytes on macOS and 107 on Linux. */
const MAX_SOCKET_PATH_BYTES = 100;

/** Binds the server to a socket in its private directory or, where that cannot be, to loopback with a password. */
async function listen(
  directory: string,
  collections: Collections,
): Promise<{ server: WireServer; uri: string }> {
  const path = resolve(join(directory, 'mongo.sock'));
  if (process.platform !== 'win32' && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) {
    const server = new WireServer({ collections, password: null });
    // Left by a process that was killed: the directory's lock, which is held by now, says that it is gone.
    rmSync(path, { force: true });
    await server.listen({ path });
    return { server, uri: `mongodb://${encodeURIComponent(path)}/` };
  }
  const password = randomBytes(24).toString('hex');
  const server = new WireServer({ collections, password });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, uri: `mongodb://${USER_NAME}:${password}@127.0.0.1:${port}/?authMechanism=PLAIN` };
}

async function run(directory: string): Promise<void> {
  const database = openDatabaseFile(directory);
  const { server, uri } = await listen(directory, new Collections(database));
  parentPort?.once('message', async () => {
    await server.close();
    database.close();
  });
  report({ state: 'ready', uri });
}

function report(message: EmbeddedMongoReport): void {
  parentPort?.postMessage(message);
}

run(String(workerData)).catch((error: unknown) => {
  const code = error instanceof EmbeddedMongoError ? error.code : 'server-failed';
  report({ state: 'failed', code, message: error instanceof Error ? error.message : String(error) });
});

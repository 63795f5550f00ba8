import { MongoClient } from 'mongodb';
import { invalidUri } from './store-error.ts';

const DEFAULT_DATABASE = 'switchyard';
const DEFAULT_SELECTION_TIMEOUT_MS = 5_000;
const DEFAULT_OPERATION_TIMEOUT_MS = 10_000;

export interface MongoOptions {
  readonly uri: string;
  /** How long to look for a server that can be written to; 5 s unless given. */
  readonly serverSelectionTimeoutMs?: number;
  /** How long one round trip may take, and how long one may wait for a free connection; 10 s unless given. */
  readonly operationTimeoutMs?: number;
}

/** A client that has not connected yet. Throws StoreUnavailableError `invalid-uri`. */
export function mongoClient({
  uri,
  serverSelectionTimeoutMs = DEFAULT_SELECTION_TIMEOUT_MS,
  operationTimeoutMs = DEFAULT_OPERATION_TIMEOUT_MS,
}: MongoOptions): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: 'switchyard',
      serverSelectionTimeoutMS: serverSelectionTimeoutMs,
      connectTimeoutMS: serverSelectionTimeoutMs,
      socketTimeoutMS: operationTimeoutMs,
      waitQueueTimeoutMS: operationTimeoutMs,
      // What one gateway has seen must not be undone by a failover.
      readPreference: 'primary',
      readConcern: { level: 'majority' },
      writeConcern: { w: 'majority' },
    });
  } catch (cause) {
    throw invalidUri(cause);
  }
}

/** The database that the URI names, else `switchyard`. */
export function databaseName(client: MongoClient): string {
  // `test` is what the driver says when the URI names none.
  return client.options.dbName === 'test' ? DEFAULT_DATABASE : client.options.dbName;
}

import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedMongoError } from './embedded-mongo-error.ts';

const SQLITE_BUSY = 5;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS documents (
    namespace TEXT NOT NULL, id BLOB NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (namespace, id)
  );
  CREATE TABLE IF NOT EXISTS unique_indexes (
    namespace TEXT NOT NULL, name TEXT NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (namespace, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS unique_keys (
    namespace TEXT NOT NULL, name TEXT NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (namespace, name, key)
  ) WITHOUT ROWID;
`;

/**
 * Opens the directory's database, makes both when they are missing, and keeps every other process out for as
 * long as it is open. The lock is the operating system's and dies with the process, `kill -9` included.
 * Throws EmbeddedMongoError `directory-in-use` or `directory-unusable`.
 */
export function openDatabaseFile(directory: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    database = new DatabaseSync(join(directory, 'configuration.sqlite'), { timeout: 0 });
    // Order matters: a lock taken in exclusive mode before the first access is held until close. FULL makes
    // every commit wait for its fsync; secure_delete overwrites what is deleted, a tenant's key for one.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(`PRAGMA secure_delete = ON; BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    return database;
  } catch (cause) {
    database?.close();
    throw asEmbeddedMongoError(directory, cause);
  }
}

function asEmbeddedMongoError(directory: string, cause: unknown): EmbeddedMongoError {
  const busy = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
  if (busy) {
    return new EmbeddedMongoError(
      'directory-in-use',
      `${directory} is in use by another process: stop that one, or give this one a directory of its own`,
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EmbeddedMongoError(
    'directory-unusable',
    `${directory} cannot hold the configuration: ${reason}; check that it is a writable local directory`,
    { cause },
  );
}

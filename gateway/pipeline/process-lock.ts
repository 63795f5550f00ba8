import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** A lock that the operating system lets go of when its process ends, however it ends. */
export interface ProcessLock {
  release(): void;
}

/**
 * Takes the lock that a file stands for, or answers null while another holder, here or in another process of
 * this machine, has it. Node offers no `flock`; SQLite's exclusive lock on an empty database is one.
 */
export function takeProcessLock(path: string): ProcessLock | null {
  const database = new DatabaseSync(path);
  try {
    // Nothing is written, so that the lock can be had on a full disk too.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => database.close() };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

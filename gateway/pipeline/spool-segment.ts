import { close, fdatasync, fsync, ftruncate, openSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const truncate = promisify(ftruncate);
const closeFile = promisify(close);

/**
 * One file of whole lines, being written. They are in the operating system's hands when `append` returns, so
 * the end of this process cannot take it; `sync` puts it beyond the end of the machine.
 */
export class SpoolSegment {
  readonly openedAt: number;
  readonly #fd: number;
  readonly #path: string;
  readonly #sealedPath: string;
  #sizeBytes = 0;
  #torn = false;
  #unsyncedRecords = 0;
  /** Syncs and the seal, one after the other: no sync may meet a closed descriptor. */
  #queue: Promise<void> = Promise.resolve();

  /** Makes the file; throws when it cannot be made or exists. */
  constructor(path: string, sealedPath: string) {
    this.#path = path;
    this.#sealedPath = sealedPath;
    this.#fd = openSync(path, 'wx', 0o640);
    this.openedAt = Date.now();
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Records that a lost machine could take with it now. */
  get unsyncedRecords(): number {
    return this.#unsyncedRecords;
  }

  /**
   * Writes lines that each end in a newline, all or none; throws when it cannot. Positions are explicit, so that
   * the torn start of what the disk had no room for is overwritten by the next line.
   */
  append(lines: Uint8Array, records: number): void {
    let written = 0;
    try {
      while (written < lines.length) {
        written += writeSync(this.#fd, lines, written, lines.length - written, this.#sizeBytes + written);
      }
    } catch (error) {
      this.#torn ||= written > 0;
      throw error;
    }
    this.#sizeBytes += lines.length;
    this.#unsyncedRecords += records;
  }

  /** Puts everything appended so far on the disk itself. */
  sync(): Promise<void> {
    return this.#enqueue(async () => {
      const covered = this.#unsyncedRecords;
      if (covered === 0) return;
      await syncData(this.#fd);
      this.#unsyncedRecords -= covered;
    });
  }

  /**
   * Ends the segment: on disk, closed, then renamed, so that a sealed file is always whole. A disk that refuses
   * to sync rejects the promise, but the segment is sealed all the same: shipping it is the best that is left.
   */
  seal(): Promise<void> {
    return this.#enqueue(async () => {
      try {
        if (this.#torn) await truncate(this.#fd, this.#sizeBytes);
        await syncAll(this.#fd);
        this.#unsyncedRecords = 0;
      } finally {
        await closeFile(this.#fd);
        await rename(this.#path, this.#sealedPath);
        await syncDirectory(dirname(this.#sealedPath));
      }
    });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined); // the caller has the failure; the next in line goes on
    return done;
  }
}

/** Puts the names in a directory on disk: a rename is durable only after this. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

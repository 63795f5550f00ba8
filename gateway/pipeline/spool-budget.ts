import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type RecordKind, spoolPaths } from './spool-layout.ts';

/** How much of its room each kind may fill the spool up to: who can be resent or spared goes first. */
const SHARES: Readonly<Record<RecordKind, number>> = { invocations: 0.7, outcomes: 0.85, exposures: 1 };

/** Of the disk, for turning segments into Parquet: without it, a full spool could not be emptied. */
const RESERVED_SHARE = 0.05;
const MAX_RESERVE_BYTES = 256 * 1024 * 1024;

/** Room in the spool, as it was when it was measured. */
export interface SpoolRoom {
  readonly usedBytes: number;
  /** What `usedBytes` may come to: the setting, or less where the disk has less. */
  readonly limitBytes: number;
}

/** Measures the spool of every process of this machine, and what is kept in quarantine. */
export async function measureSpool(directory: string, maxBytes: number): Promise<SpoolRoom> {
  const writers = spoolPaths.writers(directory);
  const entries = await readdir(writers, { withFileTypes: true });
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(writers, name));
  const sizes = await Promise.all([spoolPaths.quarantine(directory), ...directories].map(sizeOfFiles));
  const usedBytes = sizes.reduce((total, size) => total + size, 0);
  const { bavail, blocks, bsize } = await statfs(directory);
  const reserveBytes = Math.min(MAX_RESERVE_BYTES, blocks * bsize * RESERVED_SHARE);
  const freeBytes = Math.max(0, bavail * bsize - reserveBytes);
  return { usedBytes, limitBytes: Math.min(maxBytes, usedBytes + freeBytes) };
}

/** Whether there is room for more of a kind, `addedBytes` after the measurement. */
export function hasRoom(room: SpoolRoom, kind: RecordKind, addedBytes = 0): boolean {
  return room.usedBytes + addedBytes < room.limitBytes * SHARES[kind];
}

/** How far it has come: 0, or what is given up now: 1 invocations, 2 outcomes too, 3 everything. */
export function pressureOf(room: SpoolRoom): 0 | 1 | 2 | 3 {
  if (!hasRoom(room, 'exposures')) return 3;
  if (!hasRoom(room, 'outcomes')) return 2;
  return hasRoom(room, 'invocations') ? 0 : 1;
}

/** Files come and go while one looks: one that is gone takes no room. */
async function sizeOfFiles(directory: string): Promise<number> {
  const names = await readdir(directory).catch(noneIfMissing);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(directory, name)).catch(nullIfMissing))?.size ?? 0),
  );
  return sizes.reduce((total, size) => total + size, 0);
}

function noneIfMissing(error: unknown): string[] {
  nullIfMissing(error);
  return [];
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException | null)?.code !== 'ENOENT') throw error;
  return null;
}

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSegmentFileName, type RecordKind, spoolPaths } from './spool-layout.ts';

export interface SealedSegment {
  readonly path: string;
  readonly kind: RecordKind;
  /** Unique for all time: writer and sequence. */
  readonly id: string;
}

/** Every sealed segment of every writer, in the order in which each writer wrote them. */
export async function sealedSegments(directory: string): Promise<SealedSegment[]> {
  const writers = await readdir(spoolPaths.writers(directory), { withFileTypes: true });
  const directories = writers.filter((entry) => entry.isDirectory());
  const found = await Promise.all(directories.map(({ name }) => segmentsOfWriter(directory, name)));
  return found.flat();
}

/** How long ago the oldest sealed segment was last written, in seconds; 0 when none waits. */
export async function oldestSegmentSeconds(directory: string): Promise<number> {
  const segments = await sealedSegments(directory);
  const writtenAt = await Promise.all(segments.map(async ({ path }) => (await stat(path)).mtimeMs));
  return Math.max(0, Date.now() - Math.min(Date.now(), ...writtenAt)) / 1_000;
}

async function segmentsOfWriter(directory: string, writerId: string): Promise<SealedSegment[]> {
  const path = spoolPaths.writer(directory, writerId);
  return (await readdir(path)).sort().flatMap((file) => {
    const name = parseSegmentFileName(file);
    if (name?.state !== 'sealed') return [];
    const id = `${writerId}-${String(name.sequence).padStart(6, '0')}`;
    return [{ path: join(path, file), kind: name.kind, id }];
  });
}

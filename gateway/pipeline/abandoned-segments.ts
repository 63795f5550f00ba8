import { open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { takeProcessLock } from './process-lock.ts';
import { parseSegmentFileName, segmentFileName, spoolPaths } from './spool-layout.ts';

const NEWLINE = 0x0a;
const TAIL_BYTES = 64 * 1024;

export interface AbandonedReport {
  readonly sealed: number;
  /** Last lines without a newline, dropped: the response of such a request never left. */
  readonly tornLines: number;
}

/**
 * Seals the segments that writers left open when they died, and removes what is left of a dead writer once it is
 * empty. A writer is dead when its lock can be taken; a living writer's segments are never touched.
 */
export async function sealAbandonedSegments(directory: string): Promise<AbandonedReport> {
  let report: AbandonedReport = { sealed: 0, tornLines: 0 };
  for (const entry of await readdir(spoolPaths.writers(directory), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const lock = takeProcessLock(spoolPaths.writerLock(directory, entry.name));
    if (lock === null) continue;
    try {
      const found = await sealWriter(directory, entry.name);
      report = { sealed: report.sealed + found.sealed, tornLines: report.tornLines + found.tornLines };
    } finally {
      lock.release();
    }
  }
  return report;
}

async function sealWriter(directory: string, writerId: string): Promise<AbandonedReport> {
  const path = spoolPaths.writer(directory, writerId);
  const files = await readdir(path);
  if (files.length === 0) {
    await rmdir(path);
    await rm(spoolPaths.writerLock(directory, writerId));
    return { sealed: 0, tornLines: 0 };
  }
  let sealed = 0;
  let tornLines = 0;
  for (const file of files) {
    const name = parseSegmentFileName(file);
    if (name?.state !== 'open') continue;
    const { keptBytes, droppedBytes } = await dropTornLine(join(path, file));
    if (droppedBytes > 0) tornLines += 1;
    if (keptBytes === 0) await rm(join(path, file));
    else await rename(join(path, file), join(path, segmentFileName({ ...name, state: 'sealed' })));
    sealed += 1;
  }
  return { sealed, tornLines };
}

/** Cuts a file after its last newline and puts it on disk. */
async function dropTornLine(path: string): Promise<{ keptBytes: number; droppedBytes: number }> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(TAIL_BYTES);
    let keptBytes = size;
    while (keptBytes > 0) {
      const from = Math.max(0, keptBytes - TAIL_BYTES);
      const { bytesRead } = await file.read(buffer, 0, keptBytes - from, from);
      const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
      keptBytes = newline === -1 ? from : from + newline + 1;
      if (newline !== -1) break;
    }
    if (keptBytes < size) await file.truncate(keptBytes);
    await file.sync();
    return { keptBytes, droppedBytes: size - keptBytes };
  } finally {
    await file.close();
  }
}

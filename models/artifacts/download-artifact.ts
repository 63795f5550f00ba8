import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArtifactError } from './artifact-error.ts';
import { type ObjectStore, ObjectStoreError } from './object-store.ts';
import { splitObjectUri } from './open-object-store.ts';

export interface DownloadOptions {
  readonly openStore: (uri: string) => ObjectStore;
  /** A stream that brings nothing for so long counts as broken, ms. */
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** One copy of an artifact, and what its bytes must be. */
export interface ArtifactCopy {
  readonly uri: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Times in a row that a place may fail without a new byte before it counts as unavailable. */
const FRUITLESS_TRIES = 4;
const FIRST_PAUSE_MS = 50;

/**
 * Streams one copy of an artifact into a new file at `path`, resuming where a broken stream stopped. Never
 * writes more than `sizeBytes`; when it returns, the file has the digest and is on disk. Throws
 * ArtifactError, and leaves what it wrote for the caller to remove.
 */
export async function downloadArtifact(
  copy: ArtifactCopy,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const hash = createHash('sha256');
  try {
    await using file = await open(path, 'wx');
    const { storeUri, name } = splitObjectUri(copy.uri);
    const source = { store: options.openStore(storeUri), name };
    let reached = 0;
    for await (const chunk of chunksOf(source, options)) {
      if (reached + chunk.length > copy.sizeBytes) throw wrongSize('oversized', copy, `more than ${reached}`);
      hash.update(chunk);
      await file.writeFile(chunk);
      reached += chunk.length;
    }
    if (reached < copy.sizeBytes) throw wrongSize('truncated', copy, `only ${reached}`);
    const found = hash.digest('hex');
    if (found !== copy.sha256) {
      throw new ArtifactError(
        'digest-mismatch',
        `${copy.uri}: expected sha256 ${copy.sha256}, found ${found}`,
      );
    }
    await file.sync();
  } catch (error) {
    throw asArtifactError(copy, error);
  }
}

/** The bytes of an object, over as many streams as it takes. */
async function* chunksOf(
  source: { readonly store: ObjectStore; readonly name: string },
  { signal, stallTimeoutMs }: DownloadOptions,
): AsyncIterable<Buffer> {
  let reached = 0;
  for (let fruitless = 0; ; ) {
    const from = reached;
    try {
      const stream = await source.store.read(source.name, { fromByte: reached, signal });
      for await (const chunk of unlessStalled(stream, stallTimeoutMs)) {
        reached += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      fruitless = reached > from ? 1 : fruitless + 1;
      const mayReturn = error instanceof ObjectStoreError && error.code === 'unavailable';
      if (!mayReturn || signal.aborted || fruitless === FRUITLESS_TRIES) throw error;
    }
    await sleep(FIRST_PAUSE_MS * 2 ** fruitless, undefined, { signal });
  }
}

async function* unlessStalled(stream: Readable, stallTimeoutMs: number): AsyncIterable<Buffer> {
  const stalled = new ObjectStoreError('unavailable', `no byte came for ${stallTimeoutMs} ms`);
  const timer = setTimeout(() => stream.destroy(stalled), stallTimeoutMs);
  try {
    for await (const chunk of stream) {
      timer.refresh();
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}

function wrongSize(code: 'oversized' | 'truncated', copy: ArtifactCopy, found: string): ArtifactError {
  return new ArtifactError(code, `${copy.uri}: expected ${copy.sizeBytes} bytes, found ${found}`);
}

function asArtifactError(copy: ArtifactCopy, error: unknown): ArtifactError {
  if (error instanceof ArtifactError) return error;
  if (error instanceof ObjectStoreError && error.code === 'not-found') {
    const message = `${copy.uri}: expected ${copy.sizeBytes} bytes, found no object of that name`;
    return new ArtifactError('missing', message, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ArtifactError('unavailable', `${copy.uri}: could not be read: ${reason}`, { cause: error });
}

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { HASH_BYTES, IdSet } from '../../experiments/id-set.ts';
import { type ListReference, listReference } from '../../experiments/segment.ts';
import type { ConfigurationStore, StoredDocument } from '../../experiments/store/configuration-store.ts';

/** So many ids are taken in without a break for requests: some milliseconds. */
const SLICE_BYTES = 10_000 * HASH_BYTES;
const EXTENSION = '.ids';

export interface SegmentSetsOptions {
  /** Of the files in which sets are kept, so that a gateway starts with its database down. */
  readonly directory: string;
  readonly store: Pick<ConfigurationStore, 'segmentList' | 'segmentHashes'>;
}

/** The uploaded lists of segments, in memory: each read once, and let go when no segment names it any more. */
export class SegmentSets {
  readonly #options: SegmentSetsOptions;
  readonly #sets = new Map<string, IdSet>();

  constructor(options: SegmentSetsOptions) {
    this.#options = options;
  }

  /**
   * Those that the documents name, by the list's id. One that is neither in its file nor in the store is left out;
   * rejects where the store is away and is needed.
   */
  async load(documents: readonly StoredDocument[]): Promise<ReadonlyMap<string, IdSet>> {
    for (const list of namedIn(documents)) {
      if (this.#sets.has(list.id)) continue;
      const set = (await this.#fromFile(list)) ?? (await this.#fromStore(list));
      if (set !== null) this.#sets.set(list.id, set);
    }
    return this.#sets;
  }

  /** Lets those go that the documents do not name. */
  async keepOnly(documents: readonly StoredDocument[]): Promise<void> {
    const named = new Set(namedIn(documents).map(({ id }) => id));
    for (const id of this.#sets.keys()) if (!named.has(id)) this.#sets.delete(id);
    const { directory } = this.#options;
    const names = await readdir(directory).catch(() => []);
    const others = names.filter(
      (name) => name.endsWith(EXTENSION) && !named.has(name.slice(0, -EXTENSION.length)),
    );
    await Promise.all(others.map((name) => rm(join(directory, name), { force: true })));
  }

  async #fromFile({ id, count }: ListReference): Promise<IdSet | null> {
    const bytes = await readFile(this.#file(id)).catch(() => null);
    return bytes === null || bytes.byteLength !== count * HASH_BYTES ? null : setOf([bytes], count);
  }

  async #fromStore({ id }: ListReference): Promise<IdSet | null> {
    const list = await this.#options.store.segmentList(id);
    if (list === null) return null;
    const parts: Uint8Array[] = [];
    for (const chunk of list.chunks) {
      const hashes = await this.#options.store.segmentHashes(chunk.id);
      if (hashes === null) return null;
      parts.push(hashes);
    }
    await this.#save(id, parts);
    return setOf(parts, list.count);
  }

  /** Replaced whole or not at all; several processes may save the same one. */
  async #save(id: string, parts: readonly Uint8Array[]): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true });
    const temporary = `${this.#file(id)}.${process.pid}`;
    await writeFile(temporary, Buffer.concat(parts), { mode: 0o600 });
    await rename(temporary, this.#file(id));
  }

  #file(id: string): string {
    return join(this.#options.directory, `${id}${EXTENSION}`);
  }
}

function namedIn(documents: readonly StoredDocument[]): ListReference[] {
  return documents.flatMap(({ kind, value }) => (kind === 'segments' ? listReference(value) : []));
}

async function setOf(parts: readonly Uint8Array[], count: number): Promise<IdSet> {
  const set = new IdSet(count);
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += SLICE_BYTES) {
      set.addHashes(part.subarray(at, at + SLICE_BYTES));
      await turn();
    }
  }
  return set;
}

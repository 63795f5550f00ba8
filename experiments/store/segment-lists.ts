import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { hashesOf } from '../id-set.ts';
import type { SegmentValue } from '../segment.ts';

/** A document holds at most 16 MiB: so many of the longest ids are a fifth of that. */
export const CHUNK_VALUES = 10_000;

/** A list of any length, as one thing that never changes: which chunks it is made of, in order. */
export interface SegmentList {
  readonly id: string;
  readonly count: number;
  readonly chunks: readonly SegmentChunk[];
}

export interface SegmentChunk {
  readonly id: string;
  readonly count: number;
}

interface ListRecord {
  readonly _id: string;
  readonly chunks: readonly SegmentChunk[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

interface ChunkRecord {
  readonly _id: string;
  readonly hashes: Uint8Array;
  /** JSON text of a list. */
  readonly values: string;
  readonly createdAt: number;
}

/**
 * The values of segments that are too long for a document. A chunk never changes once it is written, and neither does
 * a list, which names its chunks: a longer list shares what it can with the one before, and whoever reads one is not
 * disturbed by whoever writes the next.
 */
export class SegmentLists {
  readonly #lists: Collection<ListRecord>;
  readonly #chunks: Collection<ChunkRecord>;
  readonly #now: () => Date;

  constructor(lists: Collection<ListRecord>, chunks: Collection<ChunkRecord>, now: () => Date) {
    this.#lists = lists;
    this.#chunks = chunks;
    this.#now = now;
  }

  /** Writes at most CHUNK_VALUES values; nobody sees them before a list names the chunk. */
  async writeChunk(values: readonly SegmentValue[]): Promise<SegmentChunk> {
    const id = randomUUID();
    await this.#chunks.insertOne({
      _id: id,
      hashes: hashesOf(values),
      values: JSON.stringify(values),
      createdAt: this.#now().getTime(),
    });
    return { id, count: values.length };
  }

  async writeList(chunks: readonly SegmentChunk[]): Promise<SegmentList> {
    const id = randomUUID();
    await this.#lists.insertOne({ _id: id, chunks, createdAt: this.#now().getTime() });
    return { id, count: countOf(chunks), chunks };
  }

  /** Null where it was never written, or has been swept away. */
  async list(id: string): Promise<SegmentList | null> {
    const found = await this.#lists.findOne({ _id: id });
    return found === null ? null : { id, count: countOf(found.chunks), chunks: found.chunks };
  }

  /** The hashes of a chunk's values, as IdSet takes them. */
  async hashes(chunk: string): Promise<Uint8Array | null> {
    const found = await this.#chunks.findOne(
      { _id: chunk },
      { projection: { hashes: 1 }, promoteBuffers: true },
    );
    return found?.hashes ?? null;
  }

  async values(chunk: string): Promise<readonly SegmentValue[] | null> {
    const found = await this.#chunks.findOne({ _id: chunk }, { projection: { values: 1 } });
    return found === null ? null : JSON.parse(found.values);
  }

  /** Removes lists that are not kept, and chunks that no list names any more; nothing that is younger than that. */
  async sweep({ kept, olderThanMs }: { kept: ReadonlySet<string>; olderThanMs: number }): Promise<void> {
    const before = this.#now().getTime() - olderThanMs;
    const named = new Set<string>();
    for (const { _id, chunks, createdAt } of await this.#lists.find().toArray()) {
      if (kept.has(_id) || createdAt >= before) for (const { id } of chunks) named.add(id);
      else await this.#lists.deleteOne({ _id });
    }
    const old = this.#chunks.find({ createdAt: { $lt: before } }, { projection: { _id: 1 } });
    for (const { _id } of await old.toArray()) {
      if (!named.has(_id)) await this.#chunks.deleteOne({ _id });
    }
  }
}

function countOf(chunks: readonly SegmentChunk[]): number {
  return chunks.reduce((sum, { count }) => sum + count, 0);
}

import type { Request } from 'express';
import { hashesOf, IdSet } from '../../experiments/id-set.ts';
import type { ListReference, SegmentValue, StoredSegment } from '../../experiments/segment.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { CHUNK_VALUES, type SegmentChunk } from '../../experiments/store/segment-lists.ts';
import { Problem } from '../problems.ts';
import { MAX_VALUES, type Taken, takeValues } from './segment-upload.ts';

export type ListStore = Pick<
  ConfigurationStore,
  'segmentList' | 'segmentHashes' | 'segmentValues' | 'writeSegmentChunk' | 'writeSegmentList'
>;

/** What an upload came to. */
export interface Uploaded {
  /** The list that the segment is to have now; null where its values are the same as before. */
  readonly list: ListReference | null;
  /** How many values it has. */
  readonly count: number;
  readonly taken: Taken;
}

/** Adds what is uploaded to a segment's values; `replace` begins from none. */
export async function addValues(
  store: ListStore,
  { segment, request, replace }: { segment: StoredSegment; request: Request; replace: boolean },
): Promise<Uploaded> {
  const chunks = replace ? [] : [...(await chunksOf(store, segment))];
  const seen = await setOf(store, chunks);
  let pending: SegmentValue[] = [];
  const last = chunks.at(-1);
  if (last !== undefined && last.count < CHUNK_VALUES) {
    chunks.pop();
    pending = [...(await valuesOf(store, last))];
  }
  const take = (value: SegmentValue) => {
    if (!seen.add(value)) return false;
    if (seen.size > MAX_VALUES) throw new Problem('invalid-request', TOO_MANY);
    pending.push(value);
    return true;
  };
  const write = async (least: number) => {
    while (pending.length >= least) {
      chunks.push(await store.writeSegmentChunk(pending.splice(0, CHUNK_VALUES)));
    }
  };
  const taken = await takeValues(request, take, () => write(CHUNK_VALUES));
  const isSame = replace ? seen.equals(await idsOf(store, segment)) : taken.accepted === 0;
  if (isSame) return { list: null, count: seen.size, taken };
  await write(1);
  return listed(store, chunks, taken);
}

/** Takes what is uploaded out of a segment's values. */
export async function removeValues(
  store: ListStore,
  { segment, request }: { segment: StoredSegment; request: Request },
): Promise<Uploaded> {
  const before = await chunksOf(store, segment);
  const there = await setOf(store, before);
  const gone = new IdSet();
  const taken = await takeValues(request, (value) => there.has(value) && gone.add(value));
  if (taken.accepted === 0) return { list: null, count: there.size, taken };
  const chunks: SegmentChunk[] = [];
  for (const chunk of before) {
    const values = await valuesOf(store, chunk);
    const left = values.filter((value) => !gone.has(value));
    if (left.length === values.length) chunks.push(chunk);
    else if (left.length > 0) chunks.push(await store.writeSegmentChunk(left));
  }
  return listed(store, chunks, taken);
}

async function listed(store: ListStore, chunks: readonly SegmentChunk[], taken: Taken): Promise<Uploaded> {
  const { id, count } = await store.writeSegmentList(chunks);
  return { list: { id, count }, count, taken };
}

/** Every value of a list, chunk after chunk. */
export async function* valuesIn(
  store: ListStore,
  { list, values = [] }: StoredSegment,
): AsyncGenerator<readonly SegmentValue[]> {
  if (list === undefined) yield values;
  else for (const chunk of await chunksOf(store, { list })) yield await valuesOf(store, chunk);
}

const TOO_MANY = `a segment holds at most ${MAX_VALUES} values: nothing of this upload was taken`;

/** What a segment's values are made of; those written in it become a chunk. */
async function chunksOf(
  store: ListStore,
  { list, values = [] }: Pick<StoredSegment, 'list' | 'values'>,
): Promise<readonly SegmentChunk[]> {
  if (list === undefined) {
    const distinct = [...new Set(values)];
    return distinct.length === 0 ? [] : [await store.writeSegmentChunk(distinct)];
  }
  const found = await store.segmentList(list.id);
  if (found === null) throw overtaken();
  return found.chunks;
}

/** A segment's values as a set, wherever they are. */
async function idsOf(store: ListStore, segment: Pick<StoredSegment, 'list' | 'values'>): Promise<IdSet> {
  if (segment.list !== undefined) return setOf(store, await chunksOf(store, segment));
  const set = new IdSet();
  set.addHashes(hashesOf(segment.values ?? []));
  return set;
}

async function setOf(store: ListStore, chunks: readonly SegmentChunk[]): Promise<IdSet> {
  const set = new IdSet(chunks.reduce((sum, { count }) => sum + count, 0));
  for (const { id } of chunks) {
    const hashes = await store.segmentHashes(id);
    if (hashes === null) throw overtaken();
    set.addHashes(hashes);
  }
  return set;
}

async function valuesOf(store: ListStore, { id }: SegmentChunk): Promise<readonly SegmentValue[]> {
  const values = await store.segmentValues(id);
  if (values === null) throw overtaken();
  return values;
}

/** Swept away since the segment was read: another upload has long taken its place. */
function overtaken(): Problem {
  return new Problem(
    'revision-mismatch',
    'another upload took the place of this list: read the segment again',
  );
}

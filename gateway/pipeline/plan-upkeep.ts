import type { LakeEntry, ListedPartition, SettledSegments } from './lake-listing.ts';
import type { RecordKind } from './spool-layout.ts';

/** This many small objects in a partition are worth a merge at any time. */
const WORTH_A_MERGE = 16;
/** A part is full from this size on; the next merge begins another one. */
const FULL_PART_BYTES = 128 * 1024 * 1024;
/** One merge takes in no more than about this. */
const MAX_MERGE_BYTES = 256 * 1024 * 1024;
const DAY_MS = 24 * 60 * 60_000;

/** What to merge, and into what. */
export interface MergePlan {
  /** The last part, where it is not full, comes first. */
  readonly inputs: readonly LakeEntry[];
  readonly part: number;
  readonly generation: number;
}

/** Whether every record of a partition is older than its kind is kept. Pure. */
export function isExpired(
  { kind, date }: Pick<ListedPartition, 'kind' | 'date'>,
  retentionDays: Readonly<Record<RecordKind, number>>,
  now: number,
): boolean {
  return Date.parse(date) + (retentionDays[kind] + 1) * DAY_MS <= now;
}

/** Whether a partition's day is over for good: what still comes is late. Pure. */
export function isPast({ date }: Pick<ListedPartition, 'date'>, now: number): boolean {
  return Date.parse(date) + 2 * DAY_MS <= now;
}

/**
 * The next merge of a partition, or null when there is none worth its while: many small objects, or, `tidy`, any
 * that could be fewer. Pure.
 */
export function planMerge(
  { compacted }: ListedPartition,
  { live }: SettledSegments,
  tidy: boolean,
): MergePlan | null {
  const last = compacted.at(-1);
  const open = last !== undefined && last.sizeBytes < FULL_PART_BYTES ? last : null;
  const few = tidy ? 1 : WORTH_A_MERGE - 1;
  if (live.length + (tidy && open !== null ? 1 : 0) <= few || live.length === 0) return null;
  const segments: LakeEntry[] = [];
  let bytes = open?.sizeBytes ?? 0;
  for (const entry of live) {
    if (segments.length > 0 && bytes + entry.sizeBytes > MAX_MERGE_BYTES) break;
    segments.push(entry);
    bytes += entry.sizeBytes;
  }
  const { part, generation } = numbersOf(last);
  return open === null
    ? { inputs: segments, part: part + 1, generation: 1 }
    : { inputs: [open, ...segments], part, generation: generation + 1 };
}

function numbersOf(entry: LakeEntry | undefined): { readonly part: number; readonly generation: number } {
  return entry?.content.of === 'compaction' ? entry.content : { part: 0, generation: 0 };
}

import type { ObjectInfo, ObjectStore } from '../../models/artifacts/object-store.ts';
import { type LakeContent, type LakePartition, parseLakeObjectName, partitionName } from './lake-object.ts';
import type { RecordKind } from './spool-layout.ts';

/** An object of the lake, as a listing shows it. */
export interface LakeEntry extends ObjectInfo {
  readonly content: LakeContent;
}

/** One partition as a listing shows it. Every record is in `compacted` or in a segment that these do not name. */
export interface ListedPartition extends LakePartition {
  /** Of each part the last generation, in order. */
  readonly compacted: readonly LakeEntry[];
  /** Earlier generations: all of their rows are in the last one. */
  readonly outdated: readonly LakeEntry[];
  readonly segments: readonly LakeEntry[];
}

/** Every partition of a kind, in name order. Throws ObjectStoreError. */
export async function listPartitions(lake: ObjectStore, kind: RecordKind): Promise<ListedPartition[]> {
  const partitions = new Map<string, { readonly partition: LakePartition; readonly entries: LakeEntry[] }>();
  for await (const object of lake.list(`${kind}/`)) {
    const parsed = parseLakeObjectName(object.name);
    if (parsed === null) continue;
    const { content, ...partition } = parsed;
    const name = partitionName(partition);
    const known = partitions.get(name) ?? { partition, entries: [] };
    partitions.set(name, known);
    known.entries.push({ ...object, content });
  }
  return [...partitions.values()].map(({ partition, entries }) => ({ ...partition, ...sortOut(entries) }));
}

function sortOut(entries: readonly LakeEntry[]): Omit<ListedPartition, keyof LakePartition> {
  const last = new Map<number, LakeEntry>();
  for (const entry of entries) {
    const { content } = entry;
    if (content.of !== 'compaction') continue;
    if (content.generation > generationOf(last.get(content.part))) last.set(content.part, entry);
  }
  const compacted = [...last.values()].toSorted((a, b) => partOf(a) - partOf(b));
  return {
    compacted,
    outdated: entries.filter((entry) => entry.content.of === 'compaction' && !compacted.includes(entry)),
    segments: entries.filter(({ content }) => content.of === 'segment'),
  };
}

/** Segments of a listing, apart: those that count, and those whose rows a compacted object has. */
export interface SettledSegments {
  readonly live: readonly LakeEntry[];
  readonly replaced: readonly LakeEntry[];
}

/**
 * Tells which segments count. `segmentsIn` reads the ids that a compacted object says it holds; it is only asked
 * where a partition has both, which after the next upkeep few have.
 */
export async function settleSegments(
  { compacted, segments }: ListedPartition,
  segmentsIn: (entry: LakeEntry) => Promise<ReadonlySet<string>>,
): Promise<SettledSegments> {
  if (compacted.length === 0 || segments.length === 0) return { live: segments, replaced: [] };
  const held = await Promise.all(compacted.map(segmentsIn));
  const isHeld = ({ content }: LakeEntry) =>
    content.of === 'segment' && held.some((ids) => ids.has(content.segment));
  return {
    live: segments.filter((entry) => !isHeld(entry)),
    replaced: segments.filter(isHeld),
  };
}

const partOf = ({ content }: LakeEntry) => (content.of === 'compaction' ? content.part : 0);
const generationOf = (entry: LakeEntry | undefined) =>
  entry?.content.of === 'compaction' ? entry.content.generation : 0;

import type { RecordKind } from './spool-layout.ts';
import { RECORD_KINDS } from './spool-layout.ts';

/** Records of one kind, tenant and UTC day; the columns `tenant` and `date` are in the names of objects only. */
export interface LakePartition {
  readonly kind: RecordKind;
  readonly tenant: string;
  /** `YYYY-MM-DD`, the UTC day of the records' `at`. */
  readonly date: string;
}

/**
 * What an object holds: one segment's rows, or what a compaction made of many. A part grows from generation to
 * generation, each of which holds all of the one before, until it is large enough and the next part begins.
 */
export type LakeContent =
  | { readonly of: 'segment'; readonly segment: string }
  | { readonly of: 'compaction'; readonly part: number; readonly generation: number };

export type LakeObject = LakePartition & { readonly content: LakeContent };

/** A tenant's key as it may stand in an object's name: `.` and `..` are no names. */
export const LAKE_TENANT_PATTERN = '[a-z0-9][a-z0-9._-]{0,62}';

const OBJECT = new RegExp(
  `^(${RECORD_KINDS.join('|')})/tenant=(${LAKE_TENANT_PATTERN})/date=(\\d{4}-\\d{2}-\\d{2})/` +
    '(?:([A-Za-z0-9-]+)|compacted\\.(\\d{4,})\\.(\\d{4,}))\\.parquet$',
);

/** The same content always has the same name. */
export function lakeObjectName({ content, ...partition }: LakeObject): string {
  return `${partitionName(partition)}/${fileName(content)}.parquet`;
}

/** `exposures/tenant=acme/date=2026-11-20`. */
export function partitionName({ kind, tenant, date }: LakePartition): string {
  return `${kind}/tenant=${tenant}/date=${date}`;
}

function fileName(content: LakeContent): string {
  if (content.of === 'segment') return content.segment;
  const [part, generation] = [content.part, content.generation].map((n) => String(n).padStart(4, '0'));
  return `compacted.${part}.${generation}`;
}

/** Reads a name back; null for anything that this product did not write, so that a stray object is left alone. */
export function parseLakeObjectName(name: string): LakeObject | null {
  const [, kindText, tenant, date, segment, part, generation] = OBJECT.exec(name) ?? [];
  const kind = RECORD_KINDS.find((known) => known === kindText);
  if (kind === undefined || tenant === undefined || date === undefined) return null;
  const content: LakeContent =
    segment === undefined
      ? { of: 'compaction', part: Number(part), generation: Number(generation) }
      : { of: 'segment', segment };
  return { kind, tenant, date, content };
}

import type { RecordKind } from './spool-layout.ts';
import { RECORD_KINDS } from './spool-layout.ts';

/** Where one object of the lake belongs; the partition columns `tenant` and `date` are in its name only. */
export interface LakeObject {
  readonly kind: RecordKind;
  readonly tenant: string;
  /** `YYYY-MM-DD`, the UTC day of the records' `at`. */
  readonly date: string;
  /** Names the segment that it came from: the same segment always writes the same object. */
  readonly segment: string;
}

/** A tenant's key as it may stand in an object's name: `.` and `..` are no names. */
export const LAKE_TENANT_PATTERN = '[a-z0-9][a-z0-9._-]{0,62}';

const OBJECT = new RegExp(
  `^(${RECORD_KINDS.join('|')})/tenant=(${LAKE_TENANT_PATTERN})/date=(\\d{4}-\\d{2}-\\d{2})/([A-Za-z0-9-]+)\\.parquet$`,
);

export function lakeObjectName({ kind, tenant, date, segment }: LakeObject): string {
  return `${kind}/tenant=${tenant}/date=${date}/${segment}.parquet`;
}

/** Reads a name back; null for anything that this product did not write, so that a stray object is left alone. */
export function parseLakeObjectName(name: string): LakeObject | null {
  const [, kindText, tenant, date, segment] = OBJECT.exec(name) ?? [];
  const kind = RECORD_KINDS.find((known) => known === kindText);
  if (kind === undefined || tenant === undefined || date === undefined || segment === undefined) return null;
  return { kind, tenant, date, segment };
}

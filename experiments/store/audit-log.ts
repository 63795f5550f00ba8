import type { Collection, Filter } from 'mongodb';
import { auditEntries, documentId, type LogRecord, touchedField } from './records.ts';
import type { AuditEntry } from './stored-document.ts';

export interface AuditQuery {
  readonly beforeRevision?: number;
  /** Counts commits: one that changed several documents has an entry for each, under one revision. */
  readonly limit: number;
  readonly kind?: string;
  readonly key?: string;
}

/** Committed changes, newest first, of everything or of what the query names. */
export async function readAudit(log: Collection<LogRecord>, query: AuditQuery): Promise<AuditEntry[]> {
  const { beforeRevision, limit, kind, key } = query;
  const before = beforeRevision === undefined ? {} : { _id: { $lt: beforeRevision } };
  const named = (entry: AuditEntry) =>
    (kind === undefined || entry.kind === kind) && (key === undefined || entry.key === key);
  const found = new Map<number, LogRecord>();
  for (const filter of filtersOf(kind, key)) {
    const records = log
      .find({ ...before, ...filter })
      .sort({ _id: -1 })
      .limit(limit);
    for (const record of await records.toArray()) found.set(record._id, record);
  }
  const newest = [...found.values()].sort((a, b) => b._id - a._id).slice(0, limit);
  return newest.flatMap((record) => auditEntries(record).filter(named));
}

/** A document's commits are those that name it, first or among the rest. */
function filtersOf(kind: string | undefined, key: string | undefined): Filter<LogRecord>[] {
  const first = { ...(kind === undefined ? {} : { kind }), ...(key === undefined ? {} : { key }) };
  if (kind === undefined && key === undefined) return [first];
  const name = kind === undefined ? `/${key}` : key === undefined ? kind : documentId({ kind, key });
  return [first, { [`touched.${touchedField(name)}`]: true }];
}

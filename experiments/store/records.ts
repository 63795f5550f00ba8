import type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';

/**
 * An entry of the log, as it is stored. Values are JSON text: they hold `$in` and `tenant.plan` as keys, which
 * not every server takes as field names, and text comes back exactly as it went in, from all of them.
 */
export interface LogRecord extends Omit<AuditEntry, 'revision' | 'before' | 'after'> {
  /** The revision: that it is unique is what decides between two writers. */
  readonly _id: number;
  /** Tells a repeated insert from another writer's. */
  readonly commitId: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Of the document, not of the entry. */
  readonly documentCreatedAt: string;
}

/** A document, as it is stored: what the log comes to. Null as value is a deleted one, kept for its revision. */
export interface DocumentRecord extends Omit<StoredDocument, 'value'> {
  readonly _id: string;
  readonly value: string | null;
}

/** An entry holds two values, and a server takes at most 16 MiB. */
const MAX_VALUE_BYTES = 7 * 1024 * 1024;

/** Unambiguous, as a kind has no slash. */
export function documentId({ kind, key }: { readonly kind: string; readonly key: string }): string {
  return `${kind}/${key}`;
}

/** The entry that turns `current` into what the change wants. Throws RangeError on a value past 7 MiB. */
export function logRecord(options: {
  readonly revision: number;
  readonly commitId: string;
  readonly at: string;
  readonly actor: Actor;
  readonly change: Change;
  readonly current: DocumentRecord | null;
}): LogRecord {
  const { revision, commitId, at, actor, change, current } = options;
  const before = current?.value ?? null;
  return {
    _id: revision,
    commitId,
    at,
    actor: { name: actor.name, key: actor.key ?? null, address: actor.address },
    kind: change.kind,
    key: change.key,
    action: change.action,
    before,
    after: change.value === null ? null : encodeValue(change),
    documentCreatedAt: before === null || current === null ? at : current.createdAt,
  };
}

/** The document as that entry leaves it. */
export function documentRecord(entry: LogRecord): DocumentRecord {
  return {
    _id: documentId(entry),
    kind: entry.kind,
    key: entry.key,
    revision: entry._id,
    createdAt: entry.documentCreatedAt,
    updatedAt: entry.at,
    value: entry.after,
  };
}

/** Null for a deleted document. */
export function storedDocument(record: DocumentRecord): StoredDocument | null {
  const { kind, key, revision, createdAt, updatedAt } = record;
  const value = decodeValue(record.value);
  return value && { kind, key, revision, createdAt, updatedAt, value };
}

export function auditEntry({ _id, at, actor, kind, key, action, before, after }: LogRecord): AuditEntry {
  const { name, key: actorKey = null, address } = actor;
  return {
    revision: _id,
    at,
    actor: { name, key: actorKey, address },
    kind,
    key,
    action,
    before: decodeValue(before),
    after: decodeValue(after),
  };
}

function encodeValue({ kind, key, value }: Change): string {
  const text = JSON.stringify(value);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_VALUE_BYTES) {
    throw new RangeError(`${kind} "${key}" has ${sizeBytes} bytes; a document may have ${MAX_VALUE_BYTES}`);
  }
  return text;
}

function decodeValue(text: string | null): Readonly<Record<string, unknown>> | null {
  return text === null ? null : JSON.parse(text);
}

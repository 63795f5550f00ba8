import type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';

/** What a commit does to one document. Values are JSON text: see LogRecord. */
interface LoggedChange {
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Of the document, not of the entry. */
  readonly documentCreatedAt: string;
}

/**
 * An entry of the log, as it is stored: one commit. Values are JSON text: they hold `$in` and `tenant.plan` as keys,
 * which not every server takes as field names, and text comes back exactly as it went in, from all of them.
 */
export interface LogRecord extends LoggedChange {
  /** The revision: that it is unique is what decides between two writers. */
  readonly _id: number;
  /** Tells a repeated insert from another writer's. */
  readonly commitId: string;
  readonly at: string;
  readonly actor: Actor;
  /** What the same commit does to further documents. */
  readonly rest?: readonly LoggedChange[];
  /** Names those documents (`kind/key`), their kinds (`kind`) and keys (`/key`), so that their entries can be found. */
  readonly touched?: Readonly<Record<string, true>>;
}

/** A document, as it is stored: what the log comes to. Null as value is a deleted one, kept for its revision. */
export interface DocumentRecord extends Omit<StoredDocument, 'value'> {
  readonly _id: string;
  readonly value: string | null;
}

/** An entry of one change holds two values, and a server takes at most 16 MiB. */
const MAX_VALUE_BYTES = 7 * 1024 * 1024;

/** Unambiguous, as a kind has no slash. */
export function documentId({ kind, key }: { readonly kind: string; readonly key: string }): string {
  return `${kind}/${key}`;
}

/** Name of a field of `touched`: keys have dots, which would lead into a document. */
export function touchedField(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/**
 * The entry that makes these changes, at least one, of documents as they are now. Throws RangeError on a value past
 * 7 MiB, or on more than 14 MiB together.
 */
export function logRecord(options: {
  readonly revision: number;
  readonly commitId: string;
  readonly at: string;
  readonly actor: Actor;
  readonly changes: readonly Change[];
  readonly current: ReadonlyMap<string, DocumentRecord>;
}): LogRecord {
  const { revision, commitId, at, actor, current } = options;
  const [first, ...rest] = options.changes.map((change) => loggedChange(change, current, at));
  if (first === undefined) throw new RangeError('a commit changes at least one document');
  const sizeBytes = [first, ...rest].reduce(
    (sum, { before, after }) => sum + sizeOf(before) + sizeOf(after),
    0,
  );
  if (sizeBytes > 2 * MAX_VALUE_BYTES) {
    throw new RangeError(`the commit has ${sizeBytes} bytes; it may have ${2 * MAX_VALUE_BYTES}: split it`);
  }
  const touched = rest.flatMap(({ kind, key }) => [kind, `/${key}`, documentId({ kind, key })]);
  return {
    _id: revision,
    commitId,
    at,
    actor: { name: actor.name, key: actor.key ?? null, address: actor.address },
    ...first,
    ...(rest.length === 0
      ? {}
      : { rest, touched: Object.fromEntries(touched.map((id) => [touchedField(id), true as const])) }),
  };
}

function loggedChange(
  change: Change,
  current: ReadonlyMap<string, DocumentRecord>,
  at: string,
): LoggedChange {
  const { kind, key, action } = change;
  const record = current.get(documentId(change));
  const before = record?.value ?? null;
  return {
    kind,
    key,
    action,
    before,
    after: change.value === null ? null : encodeValue(change),
    documentCreatedAt: before === null || record === undefined ? at : record.createdAt,
  };
}

/** Everything that a commit does, in its order. */
function changesOf(entry: LogRecord): LoggedChange[] {
  return [entry, ...(entry.rest ?? [])];
}

/** The documents as that entry leaves them. */
export function documentRecords(entry: LogRecord): DocumentRecord[] {
  return changesOf(entry).map((change) => ({
    _id: documentId(change),
    kind: change.kind,
    key: change.key,
    revision: entry._id,
    createdAt: change.documentCreatedAt,
    updatedAt: entry.at,
    value: change.after,
  }));
}

/** Null for a deleted document. */
export function storedDocument(record: DocumentRecord): StoredDocument | null {
  const { kind, key, revision, createdAt, updatedAt } = record;
  const value = decodeValue(record.value);
  return value && { kind, key, revision, createdAt, updatedAt, value };
}

/** What a commit did, one entry for each document. */
export function auditEntries(record: LogRecord): AuditEntry[] {
  const { name, key: actorKey = null, address } = record.actor;
  return changesOf(record).map(({ kind, key, action, before, after }) => ({
    revision: record._id,
    at: record.at,
    actor: { name, key: actorKey, address },
    kind,
    key,
    action,
    before: decodeValue(before),
    after: decodeValue(after),
  }));
}

function sizeOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
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

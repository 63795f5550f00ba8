import { randomUUID } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import { type AuditQuery, readAudit } from './audit-log.ts';
import {
  auditEntries,
  type DocumentRecord,
  documentId,
  documentRecords,
  type LogRecord,
  logRecord,
  storedDocument,
} from './records.ts';
import { isConnectionError, isDuplicateKey } from './store-error.ts';
import type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';

export type CommitResult =
  /** `documents` are those of the changes, in their order; null for one that was deleted. */
  | { readonly ok: true; readonly documents: readonly (StoredDocument | null)[]; readonly revision: number }
  | { readonly ok: false; readonly revision: number };

/** Everything that is stored, as of one commit. */
export interface StoredConfiguration {
  readonly revision: number;
  /** Id of the commit that made the revision; null before the first. */
  readonly commitId: string | null;
  readonly documents: readonly StoredDocument[];
}

/** A document as a commit has left it; null where it was deleted. */
export interface DocumentChange {
  readonly kind: string;
  readonly key: string;
  readonly document: StoredDocument | null;
}

/** What has changed, as of one commit. */
export interface ChangesSince {
  readonly revision: number;
  readonly commitId: string;
  /** Each document once, as it is now. */
  readonly changes: readonly DocumentChange[];
}

/** Further behind than this, to read everything is less work. */
const MAX_COMMITS_BEHIND = 100;

export interface Commit {
  readonly baseRevision: number;
  readonly changes: readonly Change[];
  readonly actor: Actor;
}

/**
 * The documents of the configuration, and the log of their changes. One revision number counts the changes of all of
 * it. The audit log is the write-ahead log: inserting the entry `_id = revision + 1` is the commit, and documents are
 * what the log comes to. A writer makes sure that the last entry reached its document before it adds another, so never
 * more than one is outstanding; a reader lays that one over what it reads.
 * docs/adr/0002-audit-log-is-the-write-ahead-log.md says why.
 */
export class ConfigurationLog {
  readonly #log: Collection<LogRecord>;
  readonly #documents: Collection<DocumentRecord>;
  readonly #now: () => Date;

  constructor(database: Db, now: () => Date) {
    this.#log = database.collection('audit');
    this.#documents = database.collection('documents');
    this.#now = now;
  }

  /** 0 when there never was a change. */
  async revision(): Promise<number> {
    const last = await this.#log.find().sort({ _id: -1 }).limit(1).project({ _id: 1 }).next();
    return last?.['_id'] ?? 0;
  }

  /** Every document as of exactly `revision`, however many commits are under way. */
  async readAll(): Promise<StoredConfiguration> {
    const from = await this.revision();
    const records = new Map<string, DocumentRecord>();
    for (const record of await this.#documents.find().toArray()) {
      records.set(record._id, record);
    }
    // Whatever the read above missed, or saw only in part, came with one of these entries.
    const entries = await this.#log
      .find({ _id: { $gte: from } })
      .sort({ _id: 1 })
      .toArray();
    for (const record of entries.flatMap(documentRecords)) {
      records.set(record._id, newer(records.get(record._id) ?? null, record));
    }
    return {
      revision: entries.at(-1)?._id ?? from,
      commitId: entries.at(-1)?.commitId ?? null,
      documents: [...records.values()].map(storedDocument).filter((document) => document !== null),
    };
  }

  /**
   * What has changed since a commit that was read before; null where the log does not lead there: it is another one,
   * restored perhaps from a backup, or so much has happened that everything is read with less work.
   */
  async readSince(known: Pick<ChangesSince, 'revision' | 'commitId'>): Promise<ChangesSince | null> {
    const entries = await this.#log
      .find({ _id: { $gte: known.revision } })
      .sort({ _id: 1 })
      .limit(MAX_COMMITS_BEHIND + 1)
      .toArray();
    const [first, ...since] = entries;
    if (first?._id !== known.revision || first.commitId !== known.commitId) return null;
    if (since.length >= MAX_COMMITS_BEHIND) return null;
    const changed = new Map(since.flatMap(documentRecords).map((record) => [record._id, record]));
    const { _id: revision, commitId } = since.at(-1) ?? first;
    const changes = [...changed.values()].map((record) => ({
      kind: record.kind,
      key: record.key,
      document: storedDocument(record),
    }));
    return { revision, commitId, changes };
  }

  /** What ConfigurationStore.commit promises. */
  async commit({ baseRevision, changes, actor }: Commit): Promise<CommitResult> {
    const last = await this.#log.find().sort({ _id: -1 }).limit(1).next();
    const revision = last?._id ?? 0;
    if (revision !== baseRevision) {
      return { ok: false, revision };
    }
    await this.#settle(last);
    const entry = logRecord({
      revision: revision + 1,
      commitId: randomUUID(),
      at: this.#now().toISOString(),
      actor,
      changes,
      current: await this.#records(changes.map(documentId)),
    });
    if (!(await this.#append(entry))) {
      return { ok: false, revision: await this.revision() };
    }
    await this.#applyOrLeave(entry);
    return { ok: true, documents: documentRecords(entry).map(storedDocument), revision: entry._id };
  }

  /** Entries newest first, before a revision if one is given. */
  async before(query: AuditQuery): Promise<AuditEntry[]> {
    return readAudit(this.#log, query);
  }

  /** Entries of commits after a revision, oldest first. `limit` counts commits. */
  async after(options: { afterRevision: number; limit: number }): Promise<AuditEntry[]> {
    const records = this.#log
      .find({ _id: { $gt: options.afterRevision } })
      .sort({ _id: 1 })
      .limit(options.limit);
    return (await records.toArray()).flatMap(auditEntries);
  }

  /** Makes sure that the last entry has reached its documents. */
  async #settle(last: LogRecord | null): Promise<void> {
    if (last === null) return;
    const stored = await this.#records(documentRecords(last).map(({ _id }) => _id));
    for (const record of documentRecords(last)) {
      if ((stored.get(record._id)?.revision ?? 0) < record.revision) await this.#apply(record);
    }
  }

  async #records(ids: readonly string[]): Promise<ReadonlyMap<string, DocumentRecord>> {
    const found = await this.#documents.find({ _id: { $in: [...ids] } }).toArray();
    return new Map(found.map((record) => [record._id, record]));
  }

  /** The commit itself; false when another writer was first. */
  async #append(entry: LogRecord): Promise<boolean> {
    const insert = () => this.#log.insertOne(entry);
    try {
      // A broken connection leaves the outcome open. To repeat the insert is safe: it can only succeed once.
      await insert().catch((error: unknown) => {
        if (!isConnectionError(error)) throw error;
        return insert();
      });
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const first = await this.#log.findOne({ _id: entry._id }, { projection: { commitId: 1 } });
      return first?.commitId === entry.commitId;
    }
  }

  /** Brings a document to what an entry made of it; does nothing where that entry, or a later one, has been. */
  async #apply(record: DocumentRecord): Promise<void> {
    const older = { _id: record._id, revision: { $lt: record.revision } };
    await this.#documents.replaceOne(older, record, { upsert: true }).catch((error: unknown) => {
      // The document is there and is not older: the upsert tried to insert it.
      if (!isDuplicateKey(error)) throw error;
    });
  }

  /** After the commit. If the connection breaks here the changes stand, and the next writer brings them home. */
  async #applyOrLeave(entry: LogRecord): Promise<void> {
    try {
      for (const record of documentRecords(entry)) await this.#apply(record);
    } catch (error) {
      if (!isConnectionError(error)) throw error;
    }
  }
}

function newer(a: DocumentRecord | null, b: DocumentRecord): DocumentRecord {
  return a !== null && a.revision > b.revision ? a : b;
}

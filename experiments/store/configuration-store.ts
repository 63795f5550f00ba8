import { randomUUID } from 'node:crypto';
import { type Collection, MongoClient } from 'mongodb';
import { KeyUses } from './key-uses.ts';
import {
  auditEntry,
  type DocumentRecord,
  documentId,
  documentRecord,
  type LogRecord,
  logRecord,
  storedDocument,
} from './records.ts';
import { Secrets } from './secrets.ts';
import { asStoreErrors, invalidUri, isConnectionError, isDuplicateKey } from './store-error.ts';
import type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';

export { StoreUnavailableError } from './store-error.ts';
export type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';

const DEFAULT_DATABASE = 'switchyard';
const DEFAULT_SELECTION_TIMEOUT_MS = 5_000;
const DEFAULT_OPERATION_TIMEOUT_MS = 10_000;

export interface ConnectOptions {
  readonly uri: string;
  /** The database that the URI names, else `switchyard`. */
  readonly database?: string;
  readonly now?: () => Date;
  /** How long to look for a server that can be written to; 5 s unless given. */
  readonly serverSelectionTimeoutMs?: number;
  /** How long one round trip may take, and how long one may wait for a free connection; 10 s unless given. */
  readonly operationTimeoutMs?: number;
}

export type CommitResult =
  | { readonly ok: true; readonly document: StoredDocument | null; readonly revision: number }
  | { readonly ok: false; readonly revision: number };

/**
 * The configuration, on MongoDB. One revision number counts the changes of all of it. The audit log is the
 * write-ahead log: inserting the entry `_id = revision + 1` is the commit, and documents are what the log comes
 * to. A writer makes sure that the last entry reached its document before it adds another, so never more than
 * one is outstanding; a reader lays that one over what it reads.
 * docs/adr/0002-audit-log-is-the-write-ahead-log.md says why.
 *
 * Every method rejects with StoreUnavailableError, within a bounded time, when the server is away.
 */
export class ConfigurationStore {
  readonly #client: MongoClient;
  readonly #log: Collection<LogRecord>;
  readonly #documents: Collection<DocumentRecord>;
  readonly #secrets: Secrets;
  readonly #keyUses: KeyUses;
  readonly #now: () => Date;

  private constructor(client: MongoClient, database: string, now: () => Date) {
    this.#client = client;
    this.#log = client.db(database).collection('audit');
    this.#documents = client.db(database).collection('documents');
    this.#secrets = new Secrets(client.db(database).collection('secrets'));
    this.#keyUses = new KeyUses(client.db(database).collection('keyUses'));
    this.#now = now;
  }

  /** Needs no server yet; throws StoreUnavailableError `invalid-uri`. */
  static async connect(options: ConnectOptions): Promise<ConfigurationStore> {
    const client = makeClient(options);
    // `test` is what the driver says when the URI names no database.
    const named = client.options.dbName === 'test' ? DEFAULT_DATABASE : client.options.dbName;
    return new ConfigurationStore(client, options.database ?? named, options.now ?? (() => new Date()));
  }

  /** The revision of the configuration, 0 when there never was a change. One read of an index: made to be polled. */
  async revision(): Promise<number> {
    return this.#ask('read the revision', () => this.#revision());
  }

  /** Every document as of exactly `revision`, however many commits are under way. */
  async readAll(): Promise<{ revision: number; documents: StoredDocument[] }> {
    return this.#ask('read the configuration', async () => {
      const from = await this.#revision();
      const records = new Map<string, DocumentRecord>();
      for (const record of await this.#documents.find().toArray()) {
        records.set(record._id, record);
      }
      // Whatever the read above missed, or saw only in part, came with one of these entries.
      const entries = await this.#log
        .find({ _id: { $gte: from } })
        .sort({ _id: 1 })
        .toArray();
      for (const record of entries.map(documentRecord)) {
        records.set(record._id, newer(records.get(record._id) ?? null, record));
      }
      return {
        revision: entries.at(-1)?._id ?? from,
        documents: [...records.values()].map(storedDocument).filter((document) => document !== null),
      };
    });
  }

  /**
   * Makes a change if the configuration is still at `baseRevision`; otherwise changes nothing and says where it
   * is now. Of writers who start from one revision, exactly one is told `ok`. When this rejects as `unreachable`
   * the change may have been made: read again before repeating it. Throws RangeError on a value past 7 MiB.
   */
  async commit(options: { baseRevision: number; change: Change; actor: Actor }): Promise<CommitResult> {
    const { baseRevision, change, actor } = options;
    if (change.kind.includes('/')) {
      throw new RangeError(`the kind "${change.kind}" has a slash; name it without`);
    }
    return this.#ask('commit a change', async () => {
      const last = await this.#log.find().sort({ _id: -1 }).limit(1).next();
      const revision = last?._id ?? 0;
      if (revision !== baseRevision) {
        return { ok: false, revision };
      }
      const entry = logRecord({
        revision: revision + 1,
        commitId: randomUUID(),
        at: this.#now().toISOString(),
        actor,
        change,
        current: await this.#settle(last, documentId(change)),
      });
      if (!(await this.#append(entry))) {
        return { ok: false, revision: await this.#revision() };
      }
      await this.#applyOrLeave(entry);
      return { ok: true, document: storedDocument(documentRecord(entry)), revision: entry._id };
    });
  }

  /** Committed changes, newest first, before `beforeRevision` if that is given. */
  async audit(options: {
    beforeRevision?: number;
    limit: number;
    kind?: string;
    key?: string;
  }): Promise<AuditEntry[]> {
    const { beforeRevision, limit, kind, key } = options;
    const filter = {
      ...(beforeRevision === undefined ? {} : { _id: { $lt: beforeRevision } }),
      ...(kind === undefined ? {} : { kind }),
      ...(key === undefined ? {} : { key }),
    };
    return this.#ask('read the audit log', async () => {
      const entries = await this.#log.find(filter).sort({ _id: -1 }).limit(limit).toArray();
      return entries.map(auditEntry);
    });
  }

  /** The secret of that name, made by `create` the first time: one wins, and every caller gets that one. */
  async secret(name: string, create: () => string): Promise<string> {
    return this.#ask('read a secret', () => this.#secrets.getOrCreate(name, create));
  }

  /** The secrets whose names begin with the prefix. */
  async secrets(prefix: string): Promise<Map<string, string>> {
    return this.#ask('read secrets', () => this.#secrets.withPrefix(prefix));
  }

  /** Deletes a secret for good; one that is not there counts as deleted. */
  async deleteSecret(name: string): Promise<void> {
    return this.#ask('delete a secret', () => this.#secrets.delete(name));
  }

  /** Notes when keys were last used: id → ISO 8601. No change of the configuration. */
  async recordKeyUses(uses: ReadonlyMap<string, string>): Promise<void> {
    return this.#ask('record the use of keys', () => this.#keyUses.record(uses));
  }

  /** When these keys were last used; those that never were are not in it. */
  async keyUses(ids: readonly string[]): Promise<Map<string, string>> {
    return this.#ask('read the use of keys', () => this.#keyUses.of(ids));
  }

  /** Ends every connection; what is under way rejects. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** The driver connects by itself once only: where the server was away then, it must be told to try again. */
  async #ask<T>(what: string, operation: () => Promise<T>): Promise<T> {
    return asStoreErrors(what, async () => {
      await this.#client.connect();
      return operation();
    });
  }

  async #revision(): Promise<number> {
    const last = await this.#log.find().sort({ _id: -1 }).limit(1).project({ _id: 1 }).next();
    return last?.['_id'] ?? 0;
  }

  /** Makes sure that the last entry has reached its document; resolves with the document of that id as it now is. */
  async #settle(last: LogRecord | null, id: string): Promise<DocumentRecord | null> {
    const current = await this.#documents.findOne({ _id: id });
    if (last === null) {
      return current;
    }
    const settled = documentRecord(last);
    const stored =
      settled._id === id
        ? current
        : await this.#documents.findOne({ _id: settled._id }, { projection: { revision: 1 } });
    if (stored === null || stored.revision < last._id) {
      await this.#apply(last);
    }
    return settled._id === id ? newer(current, settled) : current;
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

  /** Brings an entry to its document; does nothing where that entry, or a later one, has been. */
  async #apply(entry: LogRecord): Promise<void> {
    const record = documentRecord(entry);
    const older = { _id: record._id, revision: { $lt: record.revision } };
    await this.#documents.replaceOne(older, record, { upsert: true }).catch((error: unknown) => {
      // The document is there and is not older: the upsert tried to insert it.
      if (!isDuplicateKey(error)) throw error;
    });
  }

  /** After the commit. If the connection breaks here the change stands, and the next writer brings it home. */
  async #applyOrLeave(entry: LogRecord): Promise<void> {
    await this.#apply(entry).catch((error: unknown) => {
      if (!isConnectionError(error)) throw error;
    });
  }
}

function newer(a: DocumentRecord | null, b: DocumentRecord): DocumentRecord {
  return a !== null && a.revision > b.revision ? a : b;
}

function makeClient({
  uri,
  serverSelectionTimeoutMs = DEFAULT_SELECTION_TIMEOUT_MS,
  operationTimeoutMs = DEFAULT_OPERATION_TIMEOUT_MS,
}: ConnectOptions): MongoClient {
  try {
    return new MongoClient(uri, {
      appName: 'switchyard',
      serverSelectionTimeoutMS: serverSelectionTimeoutMs,
      connectTimeoutMS: serverSelectionTimeoutMs,
      socketTimeoutMS: operationTimeoutMs,
      waitQueueTimeoutMS: operationTimeoutMs,
      // What one gateway has seen must not be undone by a failover.
      readPreference: 'primary',
      readConcern: { level: 'majority' },
      writeConcern: { w: 'majority' },
    });
  } catch (cause) {
    throw invalidUri(cause);
  }
}

import { randomUUID } from 'node:crypto';
import { type Collection, MongoClient } from 'mongodb';
import { type AuditQuery, readAudit } from './audit-log.ts';
import {
  type Begun,
  IdempotencyKeys,
  type IdempotencyTimes,
  type RememberedAnswer,
} from './idempotency-keys.ts';
import { KeyUses } from './key-uses.ts';
import { type LeaseClaim, Leases } from './leases.ts';
import {
  auditEntries,
  type DocumentRecord,
  documentId,
  documentRecords,
  type LogRecord,
  logRecord,
  storedDocument,
} from './records.ts';
import { Secrets } from './secrets.ts';
import { asStoreErrors, invalidUri, isConnectionError, isDuplicateKey } from './store-error.ts';
import type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';
import { ResultsCache, type StoredResults } from './stored-results.ts';
import { Usage } from './usage.ts';
import { type WebhookCursor, WebhookDeliveries, type WebhookDelivery } from './webhook-deliveries.ts';

export type { Begun, IdempotencyTimes, RememberedAnswer } from './idempotency-keys.ts';
export { StoreUnavailableError } from './store-error.ts';
export type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';
export type { WebhookCursor } from './webhook-deliveries.ts';

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
  /** `documents` are those of the changes, in their order; null for one that was deleted. */
  | { readonly ok: true; readonly documents: readonly (StoredDocument | null)[]; readonly revision: number }
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
  readonly #results: ResultsCache;
  readonly #keyUses: KeyUses;
  readonly #idempotencyKeys: IdempotencyKeys;
  readonly #usage: Usage;
  readonly #webhooks: WebhookDeliveries;
  readonly #leases: Leases;
  readonly #now: () => Date;

  private constructor(client: MongoClient, database: string, now: () => Date) {
    this.#client = client;
    this.#log = client.db(database).collection('audit');
    this.#documents = client.db(database).collection('documents');
    this.#secrets = new Secrets(client.db(database).collection('secrets'));
    this.#results = new ResultsCache(client.db(database).collection('results'));
    this.#keyUses = new KeyUses(client.db(database).collection('keyUses'));
    this.#idempotencyKeys = new IdempotencyKeys(client.db(database).collection('idempotency'), now);
    this.#usage = new Usage(client.db(database).collection('usage'));
    this.#leases = new Leases(client.db(database).collection('leases'), now);
    this.#webhooks = new WebhookDeliveries(
      client.db(database).collection('webhookCursors'),
      client.db(database).collection('webhookDeliveries'),
      now,
    );
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
      for (const record of entries.flatMap(documentRecords)) {
        records.set(record._id, newer(records.get(record._id) ?? null, record));
      }
      return {
        revision: entries.at(-1)?._id ?? from,
        documents: [...records.values()].map(storedDocument).filter((document) => document !== null),
      };
    });
  }

  /**
   * Makes changes, all of them or none, if the configuration is still at `baseRevision`; otherwise changes nothing and
   * says where it is now. Of writers who start from one revision, exactly one is told `ok`. When this rejects as
   * `unreachable` the changes may have been made: read again before repeating them. Throws RangeError on a value past
   * 7 MiB, or 14 MiB of values before and after together.
   */
  async commit(options: {
    baseRevision: number;
    changes: readonly Change[];
    actor: Actor;
  }): Promise<CommitResult> {
    const { baseRevision, changes, actor } = options;
    for (const { kind } of changes) {
      if (kind.includes('/')) throw new RangeError(`the kind "${kind}" has a slash; name it without`);
    }
    return this.#ask('commit a change', async () => {
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
        return { ok: false, revision: await this.#revision() };
      }
      await this.#applyOrLeave(entry);
      return { ok: true, documents: documentRecords(entry).map(storedDocument), revision: entry._id };
    });
  }

  /**
   * Committed changes, newest first, before `beforeRevision` if that is given. `limit` counts commits: one that
   * changed several documents has an entry for each, under one revision.
   */
  async audit(options: AuditQuery): Promise<AuditEntry[]> {
    return this.#ask('read the audit log', () => readAudit(this.#log, options));
  }

  /** Committed changes after a revision, oldest first. `limit` counts commits. */
  async auditAfter(options: { afterRevision: number; limit: number }): Promise<AuditEntry[]> {
    return this.#ask('read the audit log', async () => {
      const records = this.#log
        .find({ _id: { $gt: options.afterRevision } })
        .sort({ _id: 1 })
        .limit(options.limit);
      return (await records.toArray()).flatMap(auditEntries);
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

  /** Puts another value in a secret's place; the one before is gone for good. */
  async replaceSecret(name: string, value: string): Promise<void> {
    return this.#ask('replace a secret', () => this.#secrets.replace(name, value));
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

  /** Begins what is to be done once under this id: says whether it is new, and what was answered if it is not. */
  async beginOnce(id: string, fingerprint: string, times: IdempotencyTimes): Promise<Begun> {
    return this.#ask('begin once', () => this.#idempotencyKeys.begin(id, fingerprint, times));
  }

  /** Remembers the answer to what was begun. */
  async rememberAnswer(id: string, answer: RememberedAnswer, times: IdempotencyTimes): Promise<void> {
    return this.#ask('remember an answer', () => this.#idempotencyKeys.remember(id, answer, times));
  }

  /** Lets what was begun, and failed, be begun again. */
  async forgetOnce(id: string): Promise<void> {
    return this.#ask('forget what was begun', () => this.#idempotencyKeys.forget(id));
  }

  /** Adds to what tenants have asked in a month (`2026-11`); answers what each count then is. */
  async addUsage(month: string, counts: ReadonlyMap<string, number>): Promise<Map<string, number>> {
    return this.#ask('count requests', () => this.#usage.add(month, counts));
  }

  /** Takes or renews the lease of that name; false while another owner has it. See Leases for what it promises. */
  async holdLease(claim: LeaseClaim): Promise<boolean> {
    return this.#ask('hold a lease', () => this.#leases.hold(claim));
  }

  /** Gives a lease up, so that another owner can have it at once. */
  async releaseLease(claim: Pick<LeaseClaim, 'name' | 'owner'>): Promise<void> {
    return this.#ask('release a lease', () => this.#leases.release(claim));
  }

  /** Where a webhook stands in the log; null before its first move. */
  async webhookCursor(webhook: string): Promise<WebhookCursor | null> {
    return this.#ask('read a webhook', () => this.#webhooks.cursor(webhook));
  }

  async moveWebhookCursor(webhook: string, cursor: WebhookCursor): Promise<void> {
    return this.#ask('move a webhook', () => this.#webhooks.moveCursor(webhook, cursor));
  }

  /** Notes the last attempt of a delivery. */
  async recordWebhookDelivery(webhook: string, delivery: WebhookDelivery): Promise<void> {
    return this.#ask('record a delivery', () => this.#webhooks.record(webhook, delivery));
  }

  /** What a webhook was sent, newest first. */
  async webhookDeliveries(
    webhook: string,
    page: { readonly limit: number; readonly beforeRevision: number | null },
  ): Promise<WebhookDelivery[]> {
    return this.#ask('read deliveries', () => this.#webhooks.list(webhook, page));
  }

  /** Forgets where a webhook stood and what it was sent. */
  async forgetWebhook(webhook: string): Promise<void> {
    return this.#ask('forget a webhook', () => this.#webhooks.forget(webhook));
  }

  /** The newest results of that name, of whatever input. */
  async results(name: string): Promise<StoredResults | null> {
    return this.#ask('read results', () => this.#results.find(name));
  }

  async putResults(name: string, results: StoredResults): Promise<void> {
    return this.#ask('store results', () => this.#results.put(name, results));
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

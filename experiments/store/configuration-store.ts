import type { MongoClient } from 'mongodb';
import type { SegmentValue } from '../segment.ts';
import type { KeptAssignment } from '../sticky.ts';
import type { AuditQuery } from './audit-log.ts';
import {
  type ChangesSince,
  type Commit,
  type CommitResult,
  ConfigurationLog,
  type StoredConfiguration,
} from './configuration-log.ts';
import {
  type Begun,
  IdempotencyKeys,
  type IdempotencyTimes,
  type RememberedAnswer,
} from './idempotency-keys.ts';
import { KeyUses } from './key-uses.ts';
import { type LeaseClaim, Leases } from './leases.ts';
import { databaseName, type MongoOptions, mongoClient } from './mongo-client.ts';
import { Secrets } from './secrets.ts';
import { type SegmentChunk, type SegmentList, SegmentLists } from './segment-lists.ts';
import { StickyAssignments } from './sticky-assignments.ts';
import { asStoreErrors } from './store-error.ts';
import type { AuditEntry } from './stored-document.ts';
import { ResultsCache, type StoredResults } from './stored-results.ts';
import { Usage } from './usage.ts';
import { type WebhookCursor, WebhookDeliveries, type WebhookDelivery } from './webhook-deliveries.ts';

export type { ChangesSince, CommitResult, DocumentChange } from './configuration-log.ts';
export type { Begun, IdempotencyTimes, RememberedAnswer } from './idempotency-keys.ts';
export { StoreUnavailableError } from './store-error.ts';
export type { Actor, AuditEntry, Change, StoredDocument } from './stored-document.ts';
export type { WebhookCursor, WebhookDelivery } from './webhook-deliveries.ts';

export interface ConnectOptions extends MongoOptions {
  /** The database that the URI names, else `switchyard`. */
  readonly database?: string;
  readonly now?: () => Date;
}

/**
 * The configuration on MongoDB, and what gateways share beside it.
 *
 * Every method rejects with StoreUnavailableError, within a bounded time, when the server is away.
 */
export class ConfigurationStore {
  readonly #client: MongoClient;
  readonly #log: ConfigurationLog;
  readonly #secrets: Secrets;
  readonly #results: ResultsCache;
  readonly #keyUses: KeyUses;
  readonly #idempotencyKeys: IdempotencyKeys;
  readonly #usage: Usage;
  readonly #webhooks: WebhookDeliveries;
  readonly #leases: Leases;
  readonly #segmentLists: SegmentLists;
  readonly #sticky: StickyAssignments;

  private constructor(client: MongoClient, name: string, now: () => Date) {
    const database = client.db(name);
    this.#client = client;
    this.#log = new ConfigurationLog(database, now);
    this.#secrets = new Secrets(database.collection('secrets'));
    this.#results = new ResultsCache(database.collection('results'));
    this.#keyUses = new KeyUses(database.collection('keyUses'));
    this.#idempotencyKeys = new IdempotencyKeys(database.collection('idempotency'), now);
    this.#usage = new Usage(database.collection('usage'));
    this.#leases = new Leases(database.collection('leases'), now);
    this.#segmentLists = new SegmentLists(
      database.collection('segmentLists'),
      database.collection('segmentChunks'),
      now,
    );
    this.#sticky = new StickyAssignments(database.collection('stickyAssignments'), now);
    this.#webhooks = new WebhookDeliveries(
      database.collection('webhookCursors'),
      database.collection('webhookDeliveries'),
      now,
    );
  }

  /** Needs no server yet; throws StoreUnavailableError `invalid-uri`. */
  static async connect(options: ConnectOptions): Promise<ConfigurationStore> {
    const client = mongoClient(options);
    return new ConfigurationStore(
      client,
      options.database ?? databaseName(client),
      options.now ?? (() => new Date()),
    );
  }

  /** The revision of the configuration, 0 when there never was a change. One read of an index: made to be polled. */
  async revision(): Promise<number> {
    return this.#ask('read the revision', () => this.#log.revision());
  }

  /** Every document as of exactly `revision`, however many commits are under way. */
  async readAll(): Promise<StoredConfiguration> {
    return this.#ask('read the configuration', () => this.#log.readAll());
  }

  /** What has changed since a commit that was read before; null where everything has to be read again. */
  async readSince(known: Pick<ChangesSince, 'revision' | 'commitId'>): Promise<ChangesSince | null> {
    return this.#ask('read what has changed', () => this.#log.readSince(known));
  }

  /**
   * Makes changes, all of them or none, if the configuration is still at `baseRevision`; otherwise changes nothing and
   * says where it is now. Of writers who start from one revision, exactly one is told `ok`. When this rejects as
   * `unreachable` the changes may have been made: read again before repeating them. Throws RangeError on a value past
   * 7 MiB, or 14 MiB of values before and after together.
   */
  async commit(commit: Commit): Promise<CommitResult> {
    for (const { kind } of commit.changes) {
      if (kind.includes('/')) throw new RangeError(`the kind "${kind}" has a slash; name it without`);
    }
    return this.#ask('commit a change', () => this.#log.commit(commit));
  }

  /**
   * Committed changes, newest first, before `beforeRevision` if that is given. `limit` counts commits: one that
   * changed several documents has an entry for each, under one revision.
   */
  async audit(options: AuditQuery): Promise<AuditEntry[]> {
    return this.#ask('read the audit log', () => this.#log.before(options));
  }

  /** Committed changes after a revision, oldest first. `limit` counts commits. */
  async auditAfter(options: { afterRevision: number; limit: number }): Promise<AuditEntry[]> {
    return this.#ask('read the audit log', () => this.#log.after(options));
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

  /** What became of one change on its way to a webhook; null where it was never sent, or longer ago than a month. */
  async webhookDelivery(webhook: string, id: string): Promise<WebhookDelivery | null> {
    return this.#ask('read a delivery', () => this.#webhooks.find(webhook, id));
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

  /** Writes a part of a list; nobody sees it before a list names it. */
  async writeSegmentChunk(values: readonly SegmentValue[]): Promise<SegmentChunk> {
    return this.#ask('write a part of a list', () => this.#segmentLists.writeChunk(values));
  }

  async writeSegmentList(chunks: readonly SegmentChunk[]): Promise<SegmentList> {
    return this.#ask('write a list', () => this.#segmentLists.writeList(chunks));
  }

  /** What a list is made of; null where it was swept away. */
  async segmentList(id: string): Promise<SegmentList | null> {
    return this.#ask('read a list', () => this.#segmentLists.list(id));
  }

  /** The hashes of a part's values, as IdSet takes them; null where it was swept away. */
  async segmentHashes(chunk: string): Promise<Uint8Array | null> {
    return this.#ask('read a part of a list', () => this.#segmentLists.hashes(chunk));
  }

  /** The values themselves. */
  async segmentValues(chunk: string): Promise<readonly SegmentValue[] | null> {
    return this.#ask('read a part of a list', () => this.#segmentLists.values(chunk));
  }

  /** Removes lists that are not kept, and parts that no list names; nothing that is younger than that. */
  async sweepSegmentLists(options: { kept: ReadonlySet<string>; olderThanMs: number }): Promise<void> {
    return this.#ask('sweep lists', () => this.#segmentLists.sweep(options));
  }

  /** What is kept under these ids (see stickyId); those under which nothing is are not in it. */
  async stickyAssignments(ids: readonly string[]): Promise<Map<string, KeptAssignment>> {
    return this.#ask('read sticky assignments', () => this.#sticky.find(ids));
  }

  /** Keeps assignments for so long, each where nothing is kept yet; answers the ids of those that came too late. */
  async keepAssignments(
    assignments: ReadonlyMap<string, KeptAssignment>,
    ttlMs: number,
  ): Promise<readonly string[]> {
    return this.#ask('keep sticky assignments', () => this.#sticky.keep(assignments, ttlMs));
  }

  /** Forgets every sticky assignment of a tenant. */
  async forgetAssignments(tenant: string): Promise<void> {
    return this.#ask('forget sticky assignments', () => this.#sticky.forget(tenant));
  }

  /** Removes sticky assignments whose time is over. */
  async removeExpiredAssignments(): Promise<void> {
    return this.#ask('remove sticky assignments', () => this.#sticky.removeExpired());
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
}

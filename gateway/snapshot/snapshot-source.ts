import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Environment } from '../../experiments/environment.ts';
import type { ConfigurationStore, StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import type { Configuration, RawConfiguration } from './configuration.ts';
import { loadConfiguration } from './configuration-file.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import { ConfigurationSaver } from './configuration-saver.ts';
import { type Known, KnownConfiguration } from './known-configuration.ts';
import { SegmentSets } from './segment-sets.ts';
import { serveWhatCompiles } from './serve-what-compiles.ts';
import type { Snapshot } from './snapshot.ts';

export interface SnapshotSourceOptions {
  readonly store: ConfigurationStore;
  /** File of the last good configuration. */
  readonly file: string;
  /** SHA-256 of the admin key, hex; may ask the store. */
  readonly adminKeyDigest: () => Promise<string>;
  readonly environment: Environment;
  readonly pollIntervalMs: number;
  /** After this long everything is read again, whatever the log of changes says. */
  readonly rereadAfterMs: number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** Whether the configuration in force is the newest there is, and if not, why. */
export type Freshness = 'unknown' | 'fresh' | 'database-away' | 'invalid';

/**
 * Where requests get their configuration. Asks the store's revision counter at an interval; when it has moved, what
 * has changed is read, compiled, and swapped in at once. While the store is away the last configuration stays; what is
 * stored and not valid is served as it last was.
 */
export class SnapshotSource {
  readonly #options: SnapshotSourceOptions;
  readonly #stopping = new AbortController();
  readonly #listeners: ((snapshot: Snapshot) => void)[] = [];
  readonly #known: KnownConfiguration;
  readonly #sets: SegmentSets;
  readonly #saver: ConfigurationSaver;
  #current: Configuration | null = null;
  #rejected: readonly ConfigurationIssue[] = [];
  #newest: Pick<Known, 'revision' | 'documents'> | null = null;
  /** What was last put in force, or tried to be. */
  #tried: Known | null = null;
  #freshness: Freshness = 'unknown';
  #refreshing: Promise<void> = Promise.resolve();
  #polling: Promise<void> = Promise.resolve();

  constructor(options: SnapshotSourceOptions) {
    const { store, file, logger } = options;
    this.#options = options;
    this.#known = new KnownConfiguration(options);
    this.#sets = new SegmentSets({ directory: join(dirname(file), 'segments'), store });
    this.#saver = new ConfigurationSaver(file, logger);
  }

  /** The configuration in force; null until the first one is there. */
  get current(): Configuration | null {
    return this.#current;
  }

  /**
   * What changes begin from: the newest revision, and its documents as they are served, so that a change to one that is
   * not valid mends it. Null until they were read.
   */
  get newest(): Pick<Known, 'revision' | 'documents'> | null {
    return this.#newest;
  }

  get freshness(): Freshness {
    return this.#freshness;
  }

  /** Why some of what is stored is not in force as it is. */
  get rejected(): readonly ConfigurationIssue[] {
    return this.#rejected;
  }

  /** Calls back with every new snapshot, once it is in force. */
  onChange(listener: (snapshot: Snapshot) => void): void {
    this.#listeners.push(listener);
  }

  /** Loads the first configuration, from the store or else from disk, and keeps it up to date from then on. */
  async start(): Promise<void> {
    await this.#refreshOrKeep();
    if (this.#current === null) await this.#restore();
    this.#polling = this.#poll();
  }

  /**
   * Brings the configuration up to the store's revision as it is now: a refresh already under way may have read
   * before the caller's own change, so each waits its turn. Throws when the store is away.
   */
  async refresh(): Promise<void> {
    const next = this.#refreshing.then(() => this.#refresh());
    this.#refreshing = next.catch(() => undefined);
    return next;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
    await this.#refreshing;
    await this.#saver.flush();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Rejects only when stopped.
      await sleep(this.#options.pollIntervalMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#refreshOrKeep();
    }
  }

  async #refreshOrKeep(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.#become('database-away', { err: error });
    }
  }

  async #refresh(): Promise<void> {
    const known = await this.#known.update();
    if (known !== this.#tried) {
      const served = await this.#swap({ ...known, adminKeyDigest: await this.#options.adminKeyDigest() });
      this.#newest = { revision: known.revision, documents: served ?? known.documents };
      const isSameKeys = known.unitKeys === this.#tried?.unitKeys;
      this.#tried = known;
      this.#saveCurrent();
      // The key of a tenant that is gone leaves the disk before that is answered.
      if (!isSameKeys) await this.#saver.flush();
    }
    this.#become(this.#rejected.length === 0 ? 'fresh' : 'invalid', {
      revision: known.revision,
      issues: this.#rejected,
    });
  }

  /** Puts a configuration in force, as far as it compiles; answers what of it, or null where nothing does. */
  async #swap(raw: RawConfiguration): Promise<readonly StoredDocument[] | null> {
    const { environment, telemetry } = this.#options;
    const compile = async (documents: readonly StoredDocument[]) =>
      compileSnapshot(raw.revision, documents, { environment, lists: await this.#sets.load(documents) });
    const served = await serveWhatCompiles(raw.documents, compile, () => this.#lastGood());
    const { snapshot, documents, rejected } = served;
    this.#rejected = rejected;
    telemetry.rejectedResources.reset();
    for (const { resource } of rejected) telemetry.rejectedResources.set({ resource }, 1);
    if (snapshot === null) return null;
    this.#current = { ...raw, documents, snapshot };
    telemetry.snapshotRevision.set(raw.revision);
    for (const listener of this.#listeners) listener(snapshot);
    await this.#sets.keepOnly(documents);
    return documents;
  }

  /** What was served before: by this process, or by one that is gone. */
  async #lastGood(): Promise<readonly StoredDocument[]> {
    if (this.#current !== null) return this.#current.documents;
    const saved = await loadConfiguration(this.#options.file).catch(() => null);
    return saved?.documents ?? [];
  }

  #saveCurrent(): void {
    if (this.#current === null) return;
    const { snapshot: _compiled, ...raw } = this.#current;
    this.#saver.save(raw);
  }

  async #restore(): Promise<void> {
    const { file, logger } = this.#options;
    try {
      const raw = await loadConfiguration(file);
      await this.#swap(raw);
      logger.warn({ revision: raw.revision }, 'started from the configuration on disk');
    } catch (error) {
      logger.error({ err: error }, 'no configuration on disk to start from: waiting for the database');
    }
  }

  /** Measures always; logs a change only, not every poll. */
  #become(freshness: Freshness, detail: Record<string, unknown>): void {
    const { logger, telemetry } = this.#options;
    telemetry.snapshotFresh.set(freshness === 'fresh' ? 1 : 0);
    if (freshness === this.#freshness) return;
    this.#freshness = freshness;
    if (freshness === 'fresh') logger.info(detail, 'the configuration is up to date');
    if (freshness === 'database-away')
      logger.warn(detail, 'the database is away: the last good configuration stays');
    if (freshness === 'invalid')
      logger.error(detail, 'some of the configuration is not valid: it is served as it last was');
  }
}

import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Environment } from '../../experiments/environment.ts';
import type { ConfigurationStore, StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import type { Configuration, RawConfiguration } from './configuration.ts';
import { loadConfiguration, saveConfiguration } from './configuration-file.ts';
import { SegmentSets } from './segment-sets.ts';
import type { Snapshot } from './snapshot.ts';

/** Names of secrets in the store: this and the tenant, for its pseudonymisation key, hex. */
export const TENANT_SECRET_PREFIX = 'tenant-unit-key:';

export interface SnapshotSourceOptions {
  readonly store: ConfigurationStore;
  /** File of the last good configuration. */
  readonly file: string;
  /** SHA-256 of the admin key, hex; may ask the store. */
  readonly adminKeyDigest: () => Promise<string>;
  readonly environment: Environment;
  readonly pollIntervalMs: number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** Whether the configuration in force is the newest there is, and if not, why. */
type Freshness = 'unknown' | 'fresh' | 'database-away' | 'invalid';

/**
 * Where requests get their configuration. Asks the store's revision counter at an interval; a new revision is
 * only a bell: everything is read again, compiled, and swapped in at once. While the store is away, or holds
 * what does not compile, the last good configuration stays.
 */
export class SnapshotSource {
  readonly #options: SnapshotSourceOptions;
  readonly #stopping = new AbortController();
  readonly #listeners: ((snapshot: Snapshot) => void)[] = [];
  readonly #sets: SegmentSets;
  #current: Configuration | null = null;
  #freshness: Freshness = 'unknown';
  #refreshing: Promise<void> = Promise.resolve();
  #polling: Promise<void> = Promise.resolve();

  constructor(options: SnapshotSourceOptions) {
    this.#options = options;
    this.#sets = new SegmentSets({
      directory: join(dirname(options.file), 'segments'),
      store: options.store,
    });
  }

  /** The configuration in force; null until the first one is there. */
  get current(): Configuration | null {
    return this.#current;
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
    const { store } = this.#options;
    const current = this.#current;
    if (current !== null && this.#freshness === 'fresh' && (await store.revision()) === current.revision)
      return;
    const [{ revision, documents }, secrets] = [
      await store.readAll(),
      await store.secrets(TENANT_SECRET_PREFIX),
    ];
    const raw: RawConfiguration = {
      revision,
      documents,
      unitKeys: unitKeysOf(documents, secrets),
      adminKeyDigest: await this.#options.adminKeyDigest(),
    };
    if (!(await this.#swap(raw))) return;
    this.#become('fresh', { revision });
    await this.#save(raw);
  }

  /** Puts a configuration in force, unless it does not compile. */
  async #swap(raw: RawConfiguration): Promise<boolean> {
    const { environment } = this.#options;
    const lists = await this.#sets.load(raw.documents);
    const compiled = compileSnapshot(raw.revision, raw.documents, { environment, lists });
    if (!compiled.ok) {
      this.#become('invalid', { revision: raw.revision, issues: compiled.issues });
      return false;
    }
    this.#current = { ...raw, snapshot: compiled.snapshot };
    this.#options.telemetry.snapshotRevision.set(raw.revision);
    for (const listener of this.#listeners) listener(compiled.snapshot);
    return true;
  }

  async #save(raw: RawConfiguration): Promise<void> {
    try {
      await saveConfiguration(this.#options.file, raw);
    } catch (error) {
      this.#options.logger.error(
        { err: error },
        'the configuration could not be saved: a start without the database would miss it',
      );
    }
  }

  async #restore(): Promise<void> {
    const { file, logger } = this.#options;
    try {
      const raw = await loadConfiguration(file);
      if (await this.#swap(raw))
        logger.warn({ revision: raw.revision }, 'started from the configuration on disk');
    } catch (error) {
      logger.error({ err: error }, 'no configuration on disk to start from: waiting for the database');
    }
  }

  /** Measures always; logs a change only, not every poll. */
  #become(freshness: Freshness, detail: Record<string, unknown>): void {
    const { logger, telemetry } = this.#options;
    telemetry.snapshotFresh.set(freshness === 'fresh' ? 1 : 0);
    const changed = freshness !== this.#freshness;
    this.#freshness = freshness;
    if (freshness === 'fresh') logger.debug(detail, 'configuration in force');
    if (!changed) return;
    if (freshness === 'fresh') logger.info(detail, 'the configuration is up to date');
    if (freshness === 'database-away')
      logger.warn(detail, 'the database is away: the last good configuration stays');
    if (freshness === 'invalid')
      logger.error(detail, 'the configuration does not compile: the last good one stays');
  }
}

/** The keys of the tenants that are there: one that is deleted must not leave its key in memory or on disk. */
function unitKeysOf(
  documents: readonly StoredDocument[],
  secrets: ReadonlyMap<string, string>,
): ReadonlyMap<string, Buffer> {
  const tenants = documents.filter(({ kind }) => kind === 'tenants');
  return new Map(
    tenants.flatMap(({ key }) => {
      const hex = secrets.get(TENANT_SECRET_PREFIX + key);
      return hex === undefined ? [] : [[key, Buffer.from(hex, 'hex')] as const];
    }),
  );
}

import { isDeepStrictEqual } from 'node:util';
import type {
  ChangesSince,
  ConfigurationStore,
  DocumentChange,
  StoredDocument,
} from '../../experiments/store/configuration-store.ts';

/** Names of secrets in the store: this and the tenant, for its pseudonymisation key, hex. */
export const TENANT_SECRET_PREFIX = 'tenant-unit-key:';

/** What is stored at one revision, and the secrets beside it. */
export interface Known {
  readonly revision: number;
  /** Id of the commit that made the revision; null before the first. */
  readonly commitId: string | null;
  readonly documents: readonly StoredDocument[];
  /** Tenant → the key under which its unit ids become pseudonyms. */
  readonly unitKeys: ReadonlyMap<string, Buffer>;
}

interface KnownConfigurationOptions {
  readonly store: Pick<ConfigurationStore, 'revision' | 'readAll' | 'readSince' | 'secrets'>;
  /** After this long everything is read again, whatever the log says. */
  readonly rereadAfterMs: number;
  readonly now?: () => number;
}

/**
 * What the store holds, followed change by change: a document that has not changed stays the same object, so that
 * whatever was made of it can be kept. Now and then everything is read again, for what the log does not tell of:
 * documents that somebody wrote beside it.
 */
export class KnownConfiguration {
  readonly #options: KnownConfigurationOptions;
  readonly #now: () => number;
  #documents = new Map<string, StoredDocument>();
  #known: Known | null = null;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: KnownConfigurationOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Brings it up to the store as it is now: the same object where nothing has changed. Rejects while the store is away. */
  async update(): Promise<Known> {
    const { store, rereadAfterMs } = this.#options;
    if (this.#known === null || this.#now() - this.#readAt >= rereadAfterMs) return this.#readAll();
    const { revision, commitId } = this.#known;
    if ((await store.revision()) === revision) return this.#known;
    const since = commitId === null ? null : await store.readSince({ revision, commitId });
    return since === null ? this.#readAll() : this.#follow(since, this.#known);
  }

  async #readAll(): Promise<Known> {
    const readAt = this.#now();
    const { revision, commitId, documents: stored } = await this.#options.store.readAll();
    const secrets = await this.#options.store.secrets(TENANT_SECRET_PREFIX);
    const before = this.#documents;
    this.#documents = new Map(
      stored.map((document) => [idOf(document), sameOr(before.get(idOf(document)), document)]),
    );
    const documents = [...this.#documents.values()];
    const unitKeys = unitKeysOf(documents, secrets);
    this.#readAt = readAt;
    const known = this.#known;
    const isSame =
      known?.commitId === commitId &&
      before.size === documents.length &&
      documents.every((document) => before.get(idOf(document)) === document) &&
      isDeepStrictEqual(known.unitKeys, unitKeys);
    this.#known = isSame ? known : { revision, commitId, documents, unitKeys };
    return this.#known;
  }

  /** Secrets come and go with tenants, and change with them. */
  async #follow({ revision, commitId, changes }: ChangesSince, { unitKeys }: Known): Promise<Known> {
    const isOfTenants = changes.some(({ kind }) => kind === 'tenants');
    const secrets = isOfTenants ? await this.#options.store.secrets(TENANT_SECRET_PREFIX) : null;
    for (const change of changes) this.#put(change);
    const documents = [...this.#documents.values()];
    this.#known = {
      revision,
      commitId,
      documents,
      unitKeys: secrets === null ? unitKeys : unitKeysOf(documents, secrets),
    };
    return this.#known;
  }

  #put({ kind, key, document }: DocumentChange): void {
    // What has changed comes last, as it would in a change that is only planned.
    this.#documents.delete(idOf({ kind, key }));
    if (document !== null) this.#documents.set(idOf(document), document);
  }
}

function idOf({ kind, key }: Pick<StoredDocument, 'kind' | 'key'>): string {
  return `${kind}/${key}`;
}

function sameOr(before: StoredDocument | undefined, now: StoredDocument): StoredDocument {
  try {
    return before !== undefined && isDeepStrictEqual(before, now) ? before : now;
  } catch (error) {
    // What nests too deep to be compared was written beside the API: it is not valid, and need not be kept.
    if (error instanceof RangeError) return now;
    throw error;
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

import type { Issue } from '../../experiments/issue.ts';
import type {
  Actor,
  Change,
  ConfigurationStore,
  StoredDocument,
} from '../../experiments/store/configuration-store.ts';
import { Problem } from '../problems.ts';
import { compileSnapshot } from '../snapshot/compile-snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';

/** Attempts at a change while others commit theirs; past it the caller is asked to come back. */
const MAX_ATTEMPTS = 8;

export interface ConfigurationChange {
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly actor: Actor;
  /** Checks everything and commits nothing. */
  readonly dryRun?: boolean;
  /**
   * The document's next value, given what is there now; null deletes it. Throws a Problem to refuse. Called
   * again on what is there then, when another change came first.
   */
  readonly next: (current: StoredDocument | null) => Record<string, unknown> | null;
}

/** Everything that is stored, at one revision. */
export interface ConfigurationNow {
  readonly revision: number;
  readonly documents: readonly StoredDocument[];
}

/** The one way in which configuration changes: decide, check the whole, commit, be served from it. */
export class ConfigurationWriter {
  readonly #store: ConfigurationStore;
  readonly #source: SnapshotSource;

  constructor(store: ConfigurationStore, source: SnapshotSource) {
    this.#store = store;
    this.#source = source;
  }

  /** The documents as the store has them now. */
  async documents(): Promise<readonly StoredDocument[]> {
    return (await this.now()).documents;
  }

  /** The same, with their revision. */
  async now(): Promise<ConfigurationNow> {
    await this.#source.refresh();
    const { newest } = this.#source;
    if (newest === null) throw new Error('a refresh that succeeds has read what is stored');
    return newest;
  }

  /**
   * Commits a change or throws a Problem: what `next` throws, `invalid-configuration` with every issue of the
   * configuration as it would be, or `write-contention`.
   */
  async change(change: ConfigurationChange): Promise<StoredDocument | null> {
    const { kind, key, action, actor, next, dryRun = false } = change;
    const decide = ({ documents }: ConfigurationNow) => {
      return [{ kind, key, action, value: next(findDocument(documents, kind, key)) }];
    };
    const { documents } = await this.changeAll(actor, decide, { dryRun });
    return documents[0] ?? null;
  }

  /**
   * Commits several changes as one, or none of them. `decide` says which, given everything as it is now; it throws a
   * Problem to refuse, and is called again when another change came first. No change at all commits nothing, and neither does a dry run, which
   * answers the documents as they would be.
   */
  async changeAll(
    actor: Actor,
    decide: (now: ConfigurationNow) => readonly Change[],
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<{ readonly documents: readonly (StoredDocument | null)[]; readonly revision: number }> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const now = await this.now();
      const changes = decide(now);
      if (changes.length === 0) return { documents: [], revision: now.revision };
      refuseInvalid(now, changes);
      if (dryRun) return { documents: unsaved(now, changes), revision: now.revision };
      const committed = await this.#store.commit({ baseRevision: now.revision, changes, actor });
      if (!committed.ok) continue;
      await this.#source.refresh();
      return committed;
    }
    throw new Problem(
      'write-contention',
      `${MAX_ATTEMPTS} attempts were overtaken by other changes: try again`,
    );
  }
}

/** The stored thing of that key, or null. */
export function findDocument(
  documents: readonly StoredDocument[],
  kind: string,
  key: string,
): StoredDocument | null {
  return documents.find((document) => document.kind === kind && document.key === key) ?? null;
}

/** The documents as they would be after these changes. What changes comes last: of two that clash, it has the issue. */
export function withChanges(
  documents: readonly StoredDocument[],
  changes: readonly Change[],
): readonly StoredDocument[] {
  const byId = new Map(documents.map((document) => [`${document.kind}/${document.key}`, document]));
  for (const { kind, key, value } of changes) {
    const id = `${kind}/${key}`;
    const stamp = byId.get(id) ?? NEW;
    byId.delete(id);
    if (value !== null) byId.set(id, { ...stamp, kind, key, value });
  }
  return [...byId.values()];
}

/** The changed documents as they would be: at the revisions they have, and without times where they are new. */
function unsaved(now: ConfigurationNow, changes: readonly Change[]): (StoredDocument | null)[] {
  const after = withChanges(now.documents, changes);
  return changes.map(({ kind, key }) => after.find((one) => one.kind === kind && one.key === key) ?? null);
}

const NEW = { revision: 0, createdAt: '', updatedAt: '' };

/** Issues of the one changed thing come as they are; of others, with their name: who uses what is to be deleted. */
function refuseInvalid({ revision, documents }: ConfigurationNow, changes: readonly Change[]): void {
  const compiled = compileSnapshot(revision + 1, withChanges(documents, changes));
  if (compiled.ok) return;
  const [only] = changes.length === 1 ? changes : [];
  throw invalidConfiguration(
    compiled.issues.map(({ resource, ...issue }) => {
      if (only !== undefined && resource === `${only.kind}/${only.key}`) return issue;
      const uses = only?.value === null && issue.value === only.key;
      const message = uses
        ? `${resource} refers to it: change or delete that first`
        : `${resource}: ${issue.message}`;
      return { ...issue, message };
    }),
  );
}

/** Every issue at once, the first of them in words. */
export function invalidConfiguration(issues: readonly Issue[]): Problem {
  const count = `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}`;
  return new Problem('invalid-configuration', `${count}: ${issues[0]?.message ?? ''}`, { issues });
}

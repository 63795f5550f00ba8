import type {
  Actor,
  ConfigurationStore,
  StoredDocument,
} from '../../experiments/store/configuration-store.ts';
import { Problem } from '../problems.ts';
import { type ConfigurationIssue, compileSnapshot } from '../snapshot/compile-snapshot.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';

/** Attempts at a change while others commit theirs; past it the caller is asked to come back. */
const MAX_ATTEMPTS = 8;

export interface ConfigurationChange {
  readonly kind: string;
  readonly key: string;
  readonly action: string;
  readonly actor: Actor;
  /**
   * The document's next value, given what is there now; null deletes it. Throws a Problem to refuse. Called
   * again on what is there then, when another change came first.
   */
  readonly next: (current: StoredDocument | null) => Record<string, unknown> | null;
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
    await this.#source.refresh();
    return this.#source.current?.documents ?? [];
  }

  /**
   * Commits a change or throws a Problem: what `next` throws, `invalid-configuration` with every issue of the
   * configuration as it would be, or `write-contention`.
   */
  async change(change: ConfigurationChange): Promise<StoredDocument | null> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { revision, documents } = await this.#store.readAll();
      const current = documents.find(({ kind, key }) => kind === change.kind && key === change.key) ?? null;
      const value = change.next(current);
      refuseInvalid(
        revision,
        withChange(documents, current, { ...change, value }),
        `${change.kind}/${change.key}`,
      );
      const committed = await this.#store.commit({
        baseRevision: revision,
        change: { kind: change.kind, key: change.key, action: change.action, value },
        actor: change.actor,
      });
      if (!committed.ok) continue;
      await this.#source.refresh();
      return committed.document;
    }
    throw new Problem(
      'write-contention',
      `${MAX_ATTEMPTS} attempts were overtaken by other changes: try again`,
    );
  }
}

function withChange(
  documents: readonly StoredDocument[],
  current: StoredDocument | null,
  change: { readonly kind: string; readonly key: string; readonly value: Record<string, unknown> | null },
): readonly StoredDocument[] {
  const others = documents.filter((document) => document !== current);
  if (change.value === null) return others;
  const { kind, key, value } = change;
  const stamp = current ?? { revision: 0, createdAt: '', updatedAt: '' };
  return [...others, { ...stamp, kind, key, value }];
}

/** Issues of the changed thing itself come as they are; of others, with their name. */
function refuseInvalid(revision: number, documents: readonly StoredDocument[], resource: string): void {
  const compiled = compileSnapshot(revision + 1, documents);
  if (compiled.ok) return;
  const issues = compiled.issues.map((issue: ConfigurationIssue) =>
    issue.resource === resource
      ? { path: issue.path, code: issue.code, message: issue.message }
      : { path: issue.path, code: issue.code, message: `${issue.resource}: ${issue.message}` },
  );
  const count = `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}`;
  throw new Problem('invalid-configuration', `${count}: ${issues[0]?.message ?? ''}`, { issues });
}

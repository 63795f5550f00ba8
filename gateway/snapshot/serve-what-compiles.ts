import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { CompiledConfiguration } from './compile-snapshot.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { Snapshot } from './snapshot.ts';

export interface Served {
  /** Null where nothing compiles, whatever is left out. */
  readonly snapshot: Snapshot | null;
  /** What it was made of. */
  readonly documents: readonly StoredDocument[];
  /** Why some of what is stored is served as it last was, or not at all; empty where all of it is served. */
  readonly rejected: readonly ConfigurationIssue[];
}

/** What is wrong may hide what else is: so often it is looked at again. */
const MAX_ATTEMPTS = 32;

/**
 * The snapshot of what is stored. Where that does not compile, since somebody wrote beside the API or a newer gateway
 * writes what this one does not know, each thing at fault is served as it last was, or left out if it never was valid,
 * and all the others as they are: whatever happens, an experiment can still be stopped.
 */
export async function serveWhatCompiles(
  stored: readonly StoredDocument[],
  compile: (documents: readonly StoredDocument[]) => Promise<CompiledConfiguration>,
  lastGood: () => Promise<readonly StoredDocument[]>,
): Promise<Served> {
  const rejected: ConfigurationIssue[] = [];
  let documents = stored;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const compiled = await compile(documents);
    if (compiled.ok) return { snapshot: compiled.snapshot, documents, rejected };
    const causes = causesOf(compiled.issues);
    rejected.push(...causes);
    documents = withoutFaults(documents, await lastGood(), causes);
  }
  return { snapshot: null, documents, rejected };
}

/** The documents with each one at fault put back, or what it names that is gone, or else without it. */
function withoutFaults(
  documents: readonly StoredDocument[],
  lastGood: readonly StoredDocument[],
  issues: readonly ConfigurationIssue[],
): readonly StoredDocument[] {
  const result = new Map(documents.map((document) => [idOf(document), document]));
  const good = new Map(lastGood.map((document) => [idOf(document), document]));
  for (const { resource, value } of issues) {
    const before = good.get(resource);
    if (before !== undefined && before !== result.get(resource)) {
      result.set(resource, before);
      continue;
    }
    // It is as it was when it was good: what it names has changed or is gone.
    const gone = lastGood.filter((one) => one.key === value && !result.has(idOf(one)));
    for (const one of gone) result.set(idOf(one), one);
    if (gone.length === 0) result.delete(resource);
  }
  return [...result.values()];
}

/** Without those who only name another one that is at fault: they are well once that is. */
function causesOf(issues: readonly ConfigurationIssue[]): readonly ConfigurationIssue[] {
  const atFault = new Set(issues.map(({ resource }) => resource.slice(resource.indexOf('/') + 1)));
  const causes = issues.filter(
    ({ resource, value }) => !atFault.has(String(value)) || resource.endsWith(`/${value}`),
  );
  return causes.length === 0 ? issues : causes;
}

function idOf({ kind, key }: StoredDocument): string {
  return `${kind}/${key}`;
}

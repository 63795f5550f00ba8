import { isDeepStrictEqual } from 'node:util';
import { type Issue, issuesOf, jsonPointer } from '../../experiments/issue.ts';
import type { Actor, Change, StoredDocument } from '../../experiments/store/configuration-store.ts';
import { nestedKey, RESOURCE_KINDS, type ResourceKind } from '../catalogue/resources.ts';
import { Problem } from '../problems.ts';
import { compileSnapshot } from '../snapshot/compile-snapshot.ts';
import { type ConfigurationNow, invalidConfiguration, withChanges } from './change-configuration.ts';
import type { ResourceRules } from './resource-routes.ts';
import { type ValueChange, valueChanges } from './value-changes.ts';

type Value = Record<string, unknown>;

/** The configuration as a file: kinds of resources, each with its things. Any kind may be left out. */
export type ConfigurationFile = Readonly<Record<string, readonly unknown[]>>;

/** What an apply does to one thing. */
interface PlannedChange {
  readonly action: 'create' | 'replace' | 'delete';
  readonly kind: string;
  readonly key: string;
  readonly changes: readonly ValueChange[];
}

export interface ConfigurationPlan {
  readonly planned: readonly PlannedChange[];
  readonly unchanged: number;
  /** The same, as the store takes it. */
  readonly changes: readonly Change[];
}

export interface PlanOptions {
  /** Delete what is there and not in the file, of the kinds that the file has. */
  readonly prune: boolean;
  readonly rules: Readonly<Record<string, ResourceRules>>;
  /** Who applies the file. */
  readonly actor: Actor;
}

const KINDS: readonly ResourceKind[] = RESOURCE_KINDS;

/** Everything registered, as a file that brings it about again. Keys and other secrets are not in it. */
export function exportConfiguration(documents: readonly StoredDocument[]): ConfigurationFile {
  return Object.fromEntries(
    KINDS.map((kind) => [
      kind.name,
      documents
        .filter((document) => document.kind === kind.name)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ key, value }) =>
          kind.parent === undefined ? value : { model: key.split('/')[0], ...value },
        ),
    ]),
  );
}

/**
 * What has to change so that everything in the file is as it says. Throws `invalid-configuration` with every issue,
 * each with its place in the file, if it is not valid or what would come of it could not be served.
 */
export function planConfiguration(
  now: ConfigurationNow,
  file: unknown,
  options: PlanOptions,
): ConfigurationPlan {
  const issues: Issue[] = [];
  const stored = new Map(now.documents.map((document) => [`${document.kind}/${document.key}`, document]));
  const places = new Map<string, string>();
  const steps: { readonly change: Change; readonly current: StoredDocument | null }[] = [];
  let unchanged = 0;
  for (const [kind, items] of kindsOf(file, issues)) {
    for (const [index, item] of items.entries()) {
      const path = jsonPointer([kind.name, index]);
      const wanted = readItem(kind, item, { path, issues });
      if (wanted === null) continue;
      const id = `${kind.name}/${wanted.key}`;
      if (places.has(id)) {
        issues.push({
          path,
          code: 'duplicate',
          message: `${id} is in the file twice, first at ${places.get(id)}`,
        });
        continue;
      }
      places.set(id, path);
      const current = stored.get(id) ?? null;
      const value = guarded(path, issues, () => wantedValue(kind, current, wanted, options));
      if (value === null) continue;
      if (current !== null && isDeepStrictEqual({ ...current.value }, value)) unchanged++;
      else {
        const action = current === null ? 'create' : 'replace';
        steps.push({ change: { kind: kind.name, key: wanted.key, action, value }, current });
      }
    }
    if (!options.prune) continue;
    for (const current of now.documents.filter((document) => document.kind === kind.name)) {
      const { key } = current;
      if (places.has(`${kind.name}/${key}`)) continue;
      guarded(`/${kind.name}`, issues, () => options.rules[kind.name]?.onDelete?.({ ...current.value }));
      steps.push({ change: { kind: kind.name, key, action: 'delete', value: null }, current });
    }
  }
  const changes = steps.map(({ change }) => change);
  if (issues.length === 0) issues.push(...compileIssues(now, changes, places));
  if (issues.length > 0) throw invalidConfiguration(issues);
  return { planned: steps.map(planned), unchanged, changes };
}

function planned({
  change,
  current,
}: {
  readonly change: Change;
  readonly current: StoredDocument | null;
}): PlannedChange {
  const { kind, key, value } = change;
  const action = value === null ? 'delete' : current === null ? 'create' : 'replace';
  return { action, kind, key, changes: valueChanges(current?.value, value ?? undefined) };
}

function kindsOf(file: unknown, issues: Issue[]): [ResourceKind, readonly unknown[]][] {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    issues.push({
      path: '',
      code: 'invalid-type',
      message: 'must be an object of kinds: { tenants: [...], … }',
    });
    return [];
  }
  const known = KINDS.map(({ name }) => name);
  for (const name of Object.keys(file)) {
    if (known.includes(name)) continue;
    issues.push({
      path: jsonPointer([name]),
      code: 'unknown-field',
      message: `"${name}" is not a kind: there are ${known.join(', ')}`,
    });
  }
  return KINDS.flatMap((kind) => {
    const items = (file as Value)[kind.name];
    if (items === undefined) return [];
    if (Array.isArray(items)) return [[kind, items] as [ResourceKind, readonly unknown[]]];
    issues.push({ path: `/${kind.name}`, code: 'invalid-type', message: `must be a list of ${kind.name}` });
    return [];
  });
}

/** One thing of the file: what was written, apart from what the gateway keeps beside it. */
interface Wanted {
  readonly key: string;
  readonly written: Value;
  readonly managed: Value;
}

function readItem(
  kind: ResourceKind,
  item: unknown,
  { path, issues }: { readonly path: string; readonly issues: Issue[] },
): Wanted | null {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    issues.push({ path, code: 'invalid-type', message: `must be a ${kind.singular}, an object` });
    return null;
  }
  const own = Object.entries(item);
  const managed = Object.fromEntries(own.filter(([name]) => kind.managed?.includes(name) === true));
  const { model, ...rest } = Object.fromEntries(own) as Value;
  const fields = Object.entries(kind.parent === undefined ? item : rest).filter(
    ([name]) => !(name in managed),
  );
  const parsed = kind.schema.safeParse(Object.fromEntries(fields));
  if (kind.parent !== undefined && typeof model !== 'string') {
    issues.push({
      path: `${path}/model`,
      code: 'invalid-type',
      message: `must name the model of this ${kind.singular}`,
    });
    return null;
  }
  if (!parsed.success) {
    issues.push(...issuesOf(parsed.error).map((issue) => ({ ...issue, path: path + issue.path })));
    return null;
  }
  const name = String(parsed.data[kind.keyField]);
  const key = kind.parent === undefined ? name : nestedKey(String(model), name);
  return { key, written: parsed.data, managed };
}

function wantedValue(
  kind: ResourceKind,
  current: StoredDocument | null,
  { written, managed }: Wanted,
  { actor, rules: allRules }: PlanOptions,
): Value {
  const rules = allRules[kind.name] ?? {};
  if (rules.onApply !== undefined) {
    return rules.onApply(current && { ...current.value }, written, { managed, actor });
  }
  if (current === null) return rules.onCreate?.(written, actor) ?? written;
  if (kind.immutable === true) {
    if (isDeepStrictEqual(withoutManaged(kind, current.value), written)) return { ...current.value };
    throw new Problem('wrong-state', `a ${kind.singular} never changes: register another under a new name`);
  }
  return rules.onReplace?.({ ...current.value }, written, actor) ?? written;
}

/** What a client wrote of a stored value. */
function withoutManaged({ managed = [] }: ResourceKind, value: StoredDocument['value']): Value {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !managed.includes(name)));
}

/** Runs a rule; its refusal becomes issues at that place of the file. */
function guarded<T>(path: string, issues: Issue[], rule: () => T): T | null {
  try {
    return rule();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const found =
      error.issues.length > 0 ? error.issues : [{ path: '', code: error.code, message: error.message }];
    issues.push(...found.map((issue) => ({ ...issue, path: path + issue.path })));
    return null;
  }
}

/** What could not be served, at its place in the file, or by its name where the file does not hold it. */
function compileIssues(
  { revision, documents }: ConfigurationNow,
  changes: readonly Change[],
  places: ReadonlyMap<string, string>,
): Issue[] {
  const compiled = compileSnapshot(revision + 1, withChanges(documents, changes));
  if (compiled.ok) return [];
  return compiled.issues.map(({ resource, path, code, message }) => {
    const place = places.get(resource);
    return place === undefined
      ? { path: '', code, message: `${resource}${path}: ${message}` }
      : { path: place + path, code, message };
  });
}

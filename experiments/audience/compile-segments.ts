import type { IdSet } from '../id-set.ts';
import type { Issue } from '../issue.ts';
import type { StoredSegment } from '../segment.ts';
import { compileBounded, MAX_SEGMENT_DEPTH } from './compile-audience.ts';
import type { CompiledSegment, NamedSegment, Scope, Segments } from './scope.ts';

/** Every segment ready to be asked, and what is wrong with those that match nobody for now. */
export interface CompiledSegments {
  readonly compiled: ReadonlyMap<string, CompiledSegment>;
  readonly issues: readonly (Issue & { readonly segment: string })[];
}

/** What a segment was compiled to, and what the segments that it names were then. */
interface Known {
  readonly compiled: CompiledSegment;
  readonly references: Scope['references'];
  readonly list: IdSet | undefined;
}

/** A segment never changes, so it is compiled once for as long as those that it names stay the same. */
const known = new WeakMap<StoredSegment, Known>();

const NOBODY = {
  kind: 'condition',
  matches: () => false,
  size: 1,
  depth: 1,
} as const satisfies CompiledSegment;

/** Uploaded lists by their id; null where it is only asked whether segments are valid. */
export type Lists = ReadonlyMap<string, IdSet> | null;

/**
 * Compiles segments, each after those that it names. Where they name each other in a circle, the one that closes it
 * has the issue, with the way round.
 */
export function compileSegments(
  segments: ReadonlyMap<string, StoredSegment>,
  lists: Lists = null,
): CompiledSegments {
  const compiled = new Map<string, CompiledSegment>();
  const issues: (Issue & { segment: string })[] = [];
  const trail: string[] = [];
  const lookup = { get: find, keys: () => segments.keys() };

  function find(key: string): NamedSegment | undefined {
    const segment = segments.get(key);
    const done = compiled.get(key);
    if (segment === undefined || done !== undefined) return done;
    const since = trail.indexOf(key);
    if (since >= 0) return { kind: 'open', trail: [...trail.slice(since), key] };
    // Deeper than any may name others: whoever asked has that issue, and the stack stays short.
    if (trail.length > MAX_SEGMENT_DEPTH) return { ...NOBODY, depth: MAX_SEGMENT_DEPTH };
    trail.push(key);
    const made = compileOnce(key, segment);
    trail.pop();
    compiled.set(key, made);
    return made;
  }

  function compileOnce(key: string, segment: StoredSegment): CompiledSegment {
    const list = segment.list && lists?.get(segment.list.id);
    const before = known.get(segment);
    const isSame = (one: Scope['references'][number]) => find(one.key) === one.segment;
    const isMissing = segment.list !== undefined && list === undefined && lists !== null;
    const isSameList = !isMissing && (lists === null || before?.list === list);
    if (before !== undefined && isSameList && before.references.every(isSame)) return before.compiled;
    const made = compileOne(segment, { list, lists, lookup });
    if (!made.ok) {
      for (const issue of made.issues) issues.push({ ...issue, segment: key });
      return NOBODY;
    }
    known.set(segment, { compiled: made.compiled, references: made.references, list });
    return made.compiled;
  }

  for (const key of segments.keys()) find(key);
  return { compiled, issues };
}

/** A segment by itself, or why it cannot be. */
function compileOne(
  { attribute, values = [], condition, list: reference }: StoredSegment,
  { list, lists, lookup }: { list: IdSet | undefined; lists: Lists; lookup: Segments },
): Made {
  if (condition === undefined) {
    if (reference !== undefined && list === undefined && lists !== null) return LIST_MISSING;
    const members = list ?? new Set<unknown>(values);
    const has = (value: unknown) => members.has(value);
    return { ok: true, compiled: { kind: 'list', attribute: attribute ?? null, has }, references: [] };
  }
  const result = compileBounded(condition, lookup);
  if (!result.ok) {
    return { ok: false, issues: result.issues.map((one) => ({ ...one, path: `/condition${one.path}` })) };
  }
  const { matches, size, depth, references } = result;
  return { ok: true, compiled: { kind: 'condition', matches, size, depth }, references };
}

type Made =
  | { readonly ok: true; readonly compiled: CompiledSegment; readonly references: Scope['references'] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const LIST_MISSING: Made = {
  ok: false,
  issues: [
    {
      path: '/list/id',
      code: 'list-missing',
      message: 'the list that was uploaded to it is not in the database: upload it again',
    },
  ],
};

import type { Issue } from '../issue.ts';
import type { Segment } from '../segment.ts';
import { compileBounded, MAX_SEGMENT_DEPTH } from './compile-audience.ts';
import type { CompiledSegment, NamedSegment, Scope } from './scope.ts';

/** Every segment ready to be asked, and what is wrong with those that match nobody for now. */
export interface CompiledSegments {
  readonly compiled: ReadonlyMap<string, CompiledSegment>;
  readonly issues: readonly (Issue & { readonly segment: string })[];
}

/** What a segment was compiled to, and what the segments that it names were then. */
interface Known {
  readonly compiled: CompiledSegment;
  readonly references: Scope['references'];
}

/** A segment never changes, so it is compiled once for as long as those that it names stay the same. */
const known = new WeakMap<Segment, Known>();

const NOBODY = {
  kind: 'condition',
  matches: () => false,
  size: 1,
  depth: 1,
} as const satisfies CompiledSegment;

/**
 * Compiles segments, each after those that it names. Where they name each other in a circle, the one that closes it
 * has the issue, with the way round.
 */
export function compileSegments(segments: ReadonlyMap<string, Segment>): CompiledSegments {
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
    const made = compileOne(key, segment);
    trail.pop();
    compiled.set(key, made);
    return made;
  }

  function compileOne(key: string, segment: Segment): CompiledSegment {
    const before = known.get(segment);
    if (before?.references.every((one) => find(one.key) === one.segment) === true) return before.compiled;
    if (segment.condition === undefined) return remember(segment, listOf(segment), []);
    const result = compileBounded(segment.condition, lookup);
    if (result.ok) {
      const { matches, size, depth, references } = result;
      return remember(segment, { kind: 'condition', matches, size, depth }, references);
    }
    for (const issue of result.issues)
      issues.push({ ...issue, path: `/condition${issue.path}`, segment: key });
    return NOBODY;
  }

  for (const key of segments.keys()) find(key);
  return { compiled, issues };
}

function remember(
  segment: Segment,
  compiled: CompiledSegment,
  references: Scope['references'],
): CompiledSegment {
  known.set(segment, { compiled, references });
  return compiled;
}

function listOf({ attribute, values = [] }: Segment): CompiledSegment {
  const members = new Set<unknown>(values);
  return { kind: 'list', attribute: attribute ?? null, has: (value) => members.has(value) };
}

import type { Issue } from '../issue.ts';
import { total } from '../total.ts';
import { compileCondition } from './condition.ts';
import type { Predicate, Scope, Segments } from './scope.ts';

/** What is known of a request: its attributes, and the tenant's own (`key` among them) under `tenant`. */
export type EvaluationContext = Readonly<Record<string, unknown>>;

export type CompiledAudience =
  | {
      readonly ok: true;
      readonly matches: (context: EvaluationContext) => boolean;
      readonly references: Scope['references'];
    }
  | Refused;

interface Refused {
  readonly ok: false;
  readonly issues: readonly Issue[];
}

interface Bounded {
  readonly ok: true;
  readonly matches: Predicate;
  /** The segments that it names, as often as it does. */
  readonly references: Scope['references'];
  /** Values that it comes to, with those of the segments that it names. */
  readonly size: number;
  /** 1, and more where it names segments that are conditions: how deep they go. */
  readonly depth: number;
}

const MAX_DEPTH = 16;
const MAX_NODES = 1_000;
/** Segments within segments: how deep, and what all of it may come to. */
export const MAX_SEGMENT_DEPTH = 16;
const MAX_SIZE = 5_000;

/**
 * Compiles an audience, in the targeting language of GrowthBook (docs.growthbook.io/lib/build-your-own), into
 * closures. Reports every issue at once, each with a JSON pointer into the condition. `matches` never throws:
 * a context that throws while it is read matches no audience.
 */
export function compileAudience(condition: unknown, segments: Segments): CompiledAudience {
  const bounded = compileBounded(condition, segments);
  if (!bounded.ok) return bounded;
  return { ok: true, matches: total(bounded.matches, false), references: bounded.references };
}

/** The same, as a part of another condition: a context that throws is for the whole to deal with. */
export function compileBounded(condition: unknown, segments: Segments): Bounded | Refused {
  const { nodes, excess } = measure(condition);
  if (excess !== null) return { ok: false, issues: [{ path: '', ...excess }] };
  const scope: Scope = { path: [], segments, references: [], issues: [] };
  const matches = compileCondition(condition, scope);
  const { issues, references } = scope;
  const [size, depth] = extent(nodes, references);
  if (size > MAX_SIZE || depth > MAX_SEGMENT_DEPTH) issues.push({ path: '', ...tooMuch(size, depth) });
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, matches, references, size, depth };
}

/** Bounds what compiling and evaluating may cost, before either begins. */
function measure(condition: unknown): { nodes: number; excess: Omit<Issue, 'path'> | null } {
  let nodes = 0;
  let deepest = 0;
  const visit = (value: unknown, depth: number): void => {
    nodes += 1;
    deepest = Math.max(deepest, depth);
    if (nodes > MAX_NODES || depth > MAX_DEPTH || typeof value !== 'object' || value === null) return;
    for (const child of Object.values(value)) visit(child, depth + 1);
  };
  visit(condition, 0);
  if (deepest > MAX_DEPTH) {
    const message = `nests deeper than ${MAX_DEPTH} levels: flatten it, or move a list into a segment`;
    return { nodes, excess: { code: 'too-deep', message } };
  }
  if (nodes > MAX_NODES) {
    const message = `holds more than ${MAX_NODES} values: move long lists into segments and use "$inGroup"`;
    return { nodes, excess: { code: 'too-large', message } };
  }
  return { nodes, excess: null };
}

/** What the segments that it names add: a list is asked once, whatever its length. */
function extent(nodes: number, references: Scope['references']): [size: number, depth: number] {
  let [size, depth] = [nodes, 0];
  for (const { segment } of references) {
    if (segment.kind === 'list') continue;
    size += segment.size;
    depth = Math.max(depth, segment.depth);
  }
  return [size, depth + 1];
}

function tooMuch(size: number, depth: number): Omit<Issue, 'path'> {
  if (depth > MAX_SEGMENT_DEPTH) {
    const message = `names segments that name segments, more than ${MAX_SEGMENT_DEPTH} deep: name the last ones here`;
    return { code: 'too-deep', message };
  }
  const message = `comes to ${size} values with the segments that it names; it may come to ${MAX_SIZE}: name fewer of them, or lists`;
  return { code: 'too-large', message };
}

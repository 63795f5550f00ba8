import type { Issue } from '../issue.ts';
import type { Segment } from '../segment.ts';
import { total } from '../total.ts';
import { compileCondition } from './condition.ts';

/** What is known of a request: its attributes, and the tenant's own (`key` among them) under `tenant`. */
export type EvaluationContext = Readonly<Record<string, unknown>>;

export type CompiledAudience =
  | { readonly ok: true; readonly matches: (context: EvaluationContext) => boolean }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const MAX_DEPTH = 16;
const MAX_NODES = 1_000;

/**
 * Compiles an audience, in the targeting language of GrowthBook (docs.growthbook.io/lib/build-your-own), into
 * closures. Reports every issue at once, each with a JSON pointer into the condition. `matches` never throws:
 * a context that throws while it is read matches no audience.
 */
export function compileAudience(
  condition: unknown,
  segments: ReadonlyMap<string, Segment>,
): CompiledAudience {
  const excess = excessOf(condition);
  if (excess !== undefined) return { ok: false, issues: [{ path: '', ...excess }] };
  const issues: Issue[] = [];
  const matches = compileCondition(condition, { path: [], segments, issues });
  return issues.length === 0 ? { ok: true, matches: total(matches, false) } : { ok: false, issues };
}

/** Bounds what compiling and evaluating may cost, before either begins. */
function excessOf(condition: unknown): { code: string; message: string } | undefined {
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
    return {
      code: 'too-deep',
      message: `nests deeper than ${MAX_DEPTH} levels: flatten it, or move a list into a segment`,
    };
  }
  if (nodes > MAX_NODES) {
    return {
      code: 'too-large',
      message: `holds more than ${MAX_NODES} values: move long lists into segments and use "$inGroup"`,
    };
  }
  return undefined;
}

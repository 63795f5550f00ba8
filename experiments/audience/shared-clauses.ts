import { isDeepStrictEqual } from 'node:util';
import type { Predicate, Scope } from './scope.ts';

/** Past so many all are forgotten: those that are still written are compiled once more. */
const MAX_CLAUSES = 5_000;
/** Longer ones are rarely written twice. */
const MAX_TEXT_CHARS = 200;

/** `{ field: operand }` of a condition. */
interface Clause {
  readonly field: string;
  readonly operand: unknown;
}

const clauses = new Map<string, { readonly operand: unknown; readonly holds: Predicate }>();

/**
 * What `compile` makes of a clause, once for all the audiences that have it. Thousands of experiments ask much the same,
 * and evaluating them takes as long as it takes to fetch their closures from memory: shared ones stay in the processor's
 * cache. A clause that names a segment or has an issue is not shared: it means something else elsewhere.
 */
export function sharedClause(clause: Clause, scope: Scope, compile: () => Predicate): Predicate {
  const { field, operand } = clause;
  const text = JSON.stringify([field, operand]);
  if (text.length > MAX_TEXT_CHARS) return compile();
  const known = clauses.get(text);
  // JSON writes what it cannot say, like a number out of its range, as null.
  if (known !== undefined && isDeepStrictEqual(known.operand, operand)) return known.holds;
  const before = found(scope);
  const holds = compile();
  if (found(scope) > before) return holds;
  if (clauses.size >= MAX_CLAUSES) clauses.clear();
  clauses.set(text, { operand, holds });
  return holds;
}

function found({ references, issues }: Scope): number {
  return references.length + issues.length;
}

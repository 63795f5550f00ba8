import { type Issue, jsonPointer } from '../issue.ts';
import type { Segment } from '../segment.ts';

/** A compiled test of one value. */
export type Predicate = (value: unknown) => boolean;

/** Where the compiler stands in a condition, and what it has found wrong so far. */
export interface Scope {
  readonly path: readonly (string | number)[];
  readonly segments: ReadonlyMap<string, Segment>;
  readonly issues: Issue[];
}

/** Compiles what stands behind an operator. */
export type OperandCompiler = (operand: unknown, scope: Scope) => Predicate;

export function within(scope: Scope, key: string | number): Scope {
  return { ...scope, path: [...scope.path, key] };
}

/** Notes an issue and lets compilation go on, so that the author sees all of them at once. */
export function refuse(scope: Scope, code: string, message: string): Predicate {
  scope.issues.push({ path: jsonPointer(scope.path), code, message });
  return () => false;
}

/** A value as a message may show it: its JSON, cut to fit a line. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}…`;
}

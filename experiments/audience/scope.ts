import { type Issue, jsonPointer } from '../issue.ts';

/** A compiled test of one value. */
export type Predicate = (value: unknown) => boolean;

/** A segment made ready to be asked. */
export type CompiledSegment =
  | {
      readonly kind: 'list';
      /** The context attribute that it is a list of, where it says so. */
      readonly attribute: string | null;
      readonly has: Predicate;
    }
  | {
      readonly kind: 'condition';
      readonly matches: Predicate;
      /** Values that it comes to, with those of the segments that it names. */
      readonly size: number;
      /** How many segments deep it names others; 1 when it names lists only. */
      readonly depth: number;
    };

/** What a name stands for; `open` is a segment that is being compiled, reached again through those of its trail. */
export type NamedSegment = CompiledSegment | { readonly kind: 'open'; readonly trail: readonly string[] };

/** Segments by key. */
export interface Segments {
  get(key: string): NamedSegment | undefined;
  keys(): Iterable<string>;
}

/** Where the compiler stands in a condition, and what it has found so far. */
export interface Scope {
  readonly path: readonly (string | number)[];
  readonly segments: Segments;
  /** Every segment that the condition names, as often as it does. */
  readonly references: { readonly key: string; readonly segment: CompiledSegment }[];
  readonly issues: Issue[];
}

/** Compiles what stands behind an operator. */
export type OperandCompiler = (operand: unknown, scope: Scope) => Predicate;

export function within(scope: Scope, key: string | number): Scope {
  return { ...scope, path: [...scope.path, key] };
}

/** Notes an issue and lets compilation go on, so that the author sees all of them at once. */
export function refuse(
  scope: Scope,
  code: string,
  message: string,
  found: Pick<Issue, 'value'> = {},
): Predicate {
  scope.issues.push({ path: jsonPointer(scope.path), code, message, ...found });
  return () => false;
}

/** A value as a message may show it: its JSON, cut to fit a line. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}…`;
}

/** One thing wrong with a request, said so that its sender can mend it. */
export interface InputProblem {
  /** Where, as an RFC 6901 JSON pointer into the body: `/inputs/0/shape`. */
  readonly path: string;
  /** Stable, machine-readable: `not-json`, `shape-mismatch`, … */
  readonly code: string;
  /** Names the field, what was expected and what was found. Never holds text from the request's data. */
  readonly message: string;
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly InputProblem[] };

/** The error body that clients of the Open Inference Protocol expect: `{"error": "…"}`. */
export function errorBody(problems: readonly InputProblem[]): { readonly error: string } {
  return { error: problems.map(({ message }) => message).join('; ') };
}

/** A found value as an error may name it: its kind, and the value itself only where it is a number. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return (
    { undefined: 'nothing', string: 'a string', boolean: 'a boolean' }[String(typeof value)] ?? 'an object'
  );
}

/** A name from a request as an error may quote it: bounded, on one line. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

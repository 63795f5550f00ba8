import type { z } from 'zod';

/** One problem in a configuration, said so that its author can mend it. */
export interface Issue {
  /** Where, as an RFC 6901 JSON pointer into the submitted document: `/variants/0/weight`. */
  readonly path: string;
  /** Stable, machine-readable: `weights-sum`, `unknown-target`, … */
  readonly code: string;
  /** For a person: names the field, the value and the limit, and what to do. */
  readonly message: string;
  /** What was found there, where that is a single value. */
  readonly value?: string | number | boolean | null;
  /** What would do instead, where there is one such thing. */
  readonly suggestion?: string;
}

/** The keys that lead to a value, as an RFC 6901 JSON pointer. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Every issue that a schema found in `input`, all at once, in document order. */
export function issuesOf(error: z.ZodError, input?: unknown): Issue[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          path: jsonPointer([...issue.path, key]),
          code: 'unknown-field',
          message: `"${key}" is not a field here: remove it or check its spelling`,
        }))
      : [
          {
            path: jsonPointer(issue.path),
            code: issue.code.replaceAll('_', '-'),
            message: issue.message,
            ...scalarAt(input, issue.path),
          },
        ],
  );
}

const MAX_SHOWN_CHARS = 200;

/** The value at a path, where it is one that can be shown whole. */
function scalarAt(input: unknown, path: readonly PropertyKey[]): Pick<Issue, 'value'> {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return {};
    value = Reflect.get(value, key);
  }
  if (typeof value === 'string') return value.length <= MAX_SHOWN_CHARS ? { value } : {};
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? { value } : {};
}

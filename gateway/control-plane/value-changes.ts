import { isDeepStrictEqual } from 'node:util';
import { jsonPointer } from '../../experiments/issue.ts';

/** One difference between two JSON values; a side where there is nothing is not given. */
export interface ValueChange {
  /** JSON pointer (RFC 6901). */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Where two JSON values differ. Objects are compared field by field, lists as a whole. */
export function valueChanges(before: unknown, after: unknown, path: readonly string[] = []): ValueChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) {
    return [
      {
        path: jsonPointer(path),
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      },
    ];
  }
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => valueChanges(before[name], after[name], [...path, name]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

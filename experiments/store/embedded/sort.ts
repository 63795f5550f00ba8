import { type BsonDocument, toNumber } from './bson-document.ts';
import type { StoredRow } from './collections.ts';
import { CommandError } from './command-error.ts';
import { valuesAt } from './filter.ts';
import { orderKey } from './order-key.ts';

export interface SortField {
  readonly path: string;
  readonly direction: 1 | -1;
}

export function parseSort(sort: BsonDocument): SortField[] {
  return Object.entries(sort).map(([path, value]) => {
    const direction = toNumber(value);
    if (direction !== 1 && direction !== -1) {
      throw new CommandError('BadValue', `sort: "${path}" must be 1 or -1`);
    }
    return { path, direction };
  });
}

/** The rows in that order; rows that tie keep theirs. A field that holds an array or a document is refused. */
export function sortRows(rows: readonly StoredRow[], fields: readonly SortField[]): StoredRow[] {
  const keyed = rows.map((row) => ({ row, keys: fields.map(({ path }) => sortKey(row.document, path)) }));
  keyed.sort((a, b) => {
    for (const [index, { direction }] of fields.entries()) {
      const order = Buffer.compare(a.keys[index] ?? EMPTY, b.keys[index] ?? EMPTY);
      if (order !== 0) {
        return order * direction;
      }
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

const EMPTY = Buffer.alloc(0);

function sortKey(document: BsonDocument, path: string): Buffer {
  const key = orderKey(valuesAt(document, path)[0]);
  if (key === null) {
    throw new CommandError(
      'BadValue',
      `sort: "${path}" holds an array or a document, which is not supported`,
    );
  }
  return key;
}

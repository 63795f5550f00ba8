import { Long } from 'bson';
import {
  type BsonDocument,
  countField,
  documentField,
  flagField,
  stringField,
  toNumber,
} from './bson-document.ts';
import type { Collections, StoredRow } from './collections.ts';
import { type Command, namespaceOf } from './command.ts';
import { CommandError } from './command-error.ts';
import type { ResultItem } from './cursors.ts';
import { idBounds, matches, parseFilter } from './filter.ts';
import { compileProjection } from './projection.ts';
import { parseSort, sortRows } from './sort.ts';

const DEFAULT_FIRST_BATCH = 101;

export const find: Command = {
  fields: ['filter', 'sort', 'projection', 'skip', 'limit', 'batchSize', 'singleBatch'],
  run(command, { collections, cursors }) {
    const namespace = namespaceOf(command, 'find');
    const project = compileProjection(documentField(command, 'projection'));
    const rows = select(collections, namespace, {
      filter: documentField(command, 'filter'),
      sort: documentField(command, 'sort'),
      skip: countField(command, 'skip', 0),
      limit: countField(command, 'limit', 0) || Number.POSITIVE_INFINITY,
    });
    const items: ResultItem[] = rows.map(({ document, sizeBytes }) => ({
      document: project(document),
      sizeBytes,
    }));
    return {
      cursor: cursors.first(namespace, items, {
        count: countField(command, 'batchSize', DEFAULT_FIRST_BATCH),
        single: flagField(command, 'singleBatch', false),
      }),
    };
  },
};

export const getMore: Command = {
  fields: ['collection', 'batchSize'],
  run(command, { cursors }) {
    const count = countField(command, 'batchSize', 0) || Number.POSITIVE_INFINITY;
    return { cursor: cursors.more(namespaceOf(command, 'collection'), cursorId(command['getMore']), count) };
  },
};

export const killCursors: Command = {
  fields: ['cursors'],
  run(command, { cursors }) {
    const namespace = namespaceOf(command, 'killCursors');
    if (!Array.isArray(command['cursors'])) {
      throw new CommandError('TypeMismatch', '"cursors" must be an array');
    }
    const ids = command['cursors'].map(cursorId);
    const cursorsKilled = ids.filter((id) => cursors.kill(namespace, id));
    return {
      cursorsKilled,
      cursorsNotFound: ids.filter((id) => !cursorsKilled.includes(id)),
      cursorsAlive: [],
      cursorsUnknown: [],
    };
  },
};

export const count: Command = {
  fields: ['query', 'skip', 'limit'],
  run(command, { collections }) {
    const rows = select(collections, namespaceOf(command, 'count'), {
      filter: documentField(command, 'query'),
      sort: {},
      skip: countField(command, 'skip', 0),
      limit: countField(command, 'limit', 0) || Number.POSITIVE_INFINITY,
    });
    return { n: rows.length };
  },
};

export const dropDatabase: Command = {
  fields: [],
  run(command, { collections }) {
    const dropped = stringField(command, '$db');
    collections.transaction(() => collections.dropDatabase(dropped));
    return { dropped };
  },
};

interface Selection {
  readonly filter: BsonDocument;
  readonly sort: BsonDocument;
  readonly skip: number;
  readonly limit: number;
}

/** The rows that a filter selects, in the order asked for: that of `_id` when none is. */
export function select(
  collections: Collections,
  namespace: string,
  { filter, sort, skip, limit }: Selection,
): StoredRow[] {
  const conditions = parseFilter(filter);
  const order = parseSort(sort);
  const byId = order.length === 0 || order[0]?.path === '_id';
  const scan = { ...idBounds(conditions), descending: byId && order[0]?.direction === -1 };
  const found = collections.scan(namespace, scan).filter(({ document }) => matches(conditions, document));
  if (byId) {
    return found.drop(skip).take(limit).toArray();
  }
  return sortRows(found.toArray(), order).slice(skip, skip + limit);
}

function cursorId(value: unknown): Long {
  const number = toNumber(value);
  if (number === undefined) {
    throw new CommandError('TypeMismatch', 'a cursor id must be a 64-bit integer');
  }
  return value instanceof Long ? value : Long.fromNumber(number);
}

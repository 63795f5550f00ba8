import { ObjectId } from 'bson';
import {
  type BsonDocument,
  countField,
  documentField,
  documentsField,
  flagField,
  refuseUnknownFields,
  stringField,
  toNumber,
} from './bson-document.ts';
import type { Collections, UniqueIndex } from './collections.ts';
import { type Command, namespaceOf } from './command.ts';
import { CommandError } from './command-error.ts';
import { parseFilter } from './filter.ts';
import { select } from './read-commands.ts';
import { applyUpdate, checkUpdate, isReplacement, seedOf } from './update.ts';

const UPDATE_FIELDS = new Set(['q', 'u', 'multi', 'upsert']);
const DELETE_FIELDS = new Set(['q', 'limit']);
const INDEX_FIELDS = new Set(['key', 'name', 'unique', 'v']);

export const insert: Command = {
  fields: ['documents', 'ordered'],
  run(command, { collections }) {
    const namespace = namespaceOf(command, 'insert');
    let n = 0;
    const writeErrors = eachStatement(collections, command, 'documents', (document) => {
      collections.insert(namespace, withId(document));
      n += 1;
    });
    return { n, ...writeErrors };
  },
};

export const update: Command = {
  fields: ['updates', 'ordered'],
  run(command, { collections }) {
    const namespace = namespaceOf(command, 'update');
    const upserted: BsonDocument[] = [];
    let [n, nModified] = [0, 0];
    const writeErrors = eachStatement(collections, command, 'updates', (statement, index) => {
      refuseUnknownFields('update', statement, UPDATE_FIELDS);
      const multi = flagField(statement, 'multi', false);
      const done = updateMatching(collections, namespace, {
        filter: documentField(statement, 'q'),
        change: statement['u'],
        multi,
        upsert: flagField(statement, 'upsert', false),
      });
      n += done.after.length;
      nModified += done.modified;
      if (done.upsertedId !== undefined) {
        upserted.push({ index, _id: done.upsertedId });
      }
    });
    return { n, nModified, ...(upserted.length > 0 ? { upserted } : {}), ...writeErrors };
  },
};

export const deleteCommand: Command = {
  fields: ['deletes', 'ordered'],
  run(command, { collections }) {
    const namespace = namespaceOf(command, 'delete');
    let n = 0;
    const writeErrors = eachStatement(collections, command, 'deletes', (statement) => {
      refuseUnknownFields('delete', statement, DELETE_FIELDS);
      const limit = countField(statement, 'limit', 0) || Number.POSITIVE_INFINITY;
      const rows = select(collections, namespace, {
        filter: documentField(statement, 'q'),
        sort: {},
        skip: 0,
        limit,
      });
      for (const row of rows) {
        collections.remove(namespace, row);
      }
      n += rows.length;
    });
    return { n, ...writeErrors };
  },
};

export const findAndModify: Command = {
  fields: ['query', 'sort', 'update', 'remove', 'new', 'upsert'],
  run(command, { collections }) {
    const namespace = namespaceOf(command, 'findAndModify');
    const selection = { filter: documentField(command, 'query'), sort: documentField(command, 'sort') };
    if (flagField(command, 'remove', false)) {
      return collections.transaction(() => {
        const [row] = select(collections, namespace, { ...selection, skip: 0, limit: 1 });
        if (row !== undefined) {
          collections.remove(namespace, row);
        }
        return { lastErrorObject: { n: row === undefined ? 0 : 1 }, value: row?.document ?? null };
      });
    }
    const wantsNew = flagField(command, 'new', false);
    const done = collections.transaction(() =>
      updateMatching(collections, namespace, {
        ...selection,
        change: command['update'],
        multi: false,
        upsert: flagField(command, 'upsert', false),
      }),
    );
    return {
      lastErrorObject: {
        n: done.after.length,
        updatedExisting: done.before.length > 0,
        ...(done.upsertedId === undefined ? {} : { upserted: done.upsertedId }),
      },
      value: (wantsNew ? done.after : done.before)[0] ?? null,
    };
  },
};

export const createIndexes: Command = {
  fields: ['indexes'],
  run(command, { collections }) {
    const namespace = namespaceOf(command, 'createIndexes');
    const wanted = documentsField(command, 'indexes').map(parseIndex);
    return collections.transaction(() => {
      const before = collections.uniqueIndexes(namespace);
      const missing = wanted.filter((index) => !exists(before, index));
      for (const index of missing) {
        collections.createUniqueIndex(namespace, index);
      }
      // MongoDB counts the index on `_id` as well.
      return { numIndexesBefore: before.length + 1, numIndexesAfter: before.length + missing.length + 1 };
    });
  },
};

/** Runs the statements of a write in one transaction; a refused one is reported and, in order, ends the rest. */
function eachStatement(
  collections: Collections,
  command: BsonDocument,
  field: string,
  run: (statement: BsonDocument, index: number) => void,
): { writeErrors?: BsonDocument[] } {
  const ordered = flagField(command, 'ordered', true);
  const writeErrors: BsonDocument[] = [];
  const statements = documentsField(command, field);
  collections.transaction(() => {
    for (const [index, statement] of statements.entries()) {
      try {
        run(statement, index);
      } catch (error) {
        if (!(error instanceof CommandError)) {
          throw error;
        }
        writeErrors.push({ index, code: error.code, errmsg: error.message, ...error.details });
        if (ordered) {
          break;
        }
      }
    }
  });
  return writeErrors.length > 0 ? { writeErrors } : {};
}

interface UpdateOptions {
  readonly filter: BsonDocument;
  readonly sort?: BsonDocument;
  readonly change: unknown;
  readonly multi: boolean;
  readonly upsert: boolean;
}

interface UpdateResult {
  /** The documents that matched, as they were, and those same (or the upserted one) as they are now. */
  readonly before: readonly BsonDocument[];
  readonly after: readonly BsonDocument[];
  readonly modified: number;
  readonly upsertedId?: unknown;
}

function updateMatching(
  collections: Collections,
  namespace: string,
  { filter, sort = {}, change, multi, upsert }: UpdateOptions,
): UpdateResult {
  checkUpdate(change);
  if (multi && isReplacement(change)) {
    throw new CommandError('FailedToParse', 'a replacement can only be of one document');
  }
  const limit = multi ? Number.POSITIVE_INFINITY : 1;
  const rows = select(collections, namespace, { filter, sort, skip: 0, limit });
  if (rows.length === 0 && upsert) {
    const document = withId(applyUpdate(seedOf(filter, parseFilter(filter)), change, true));
    collections.insert(namespace, document);
    return { before: [], after: [document], modified: 0, upsertedId: document['_id'] };
  }
  const before = rows.map(({ document }) => document);
  const after = rows.map(({ document }) => applyUpdate(document, change, false));
  const modified = rows.filter((row, index) => collections.replace(namespace, row, after[index] ?? {}));
  return { before, after, modified: modified.length };
}

function withId(document: BsonDocument): BsonDocument {
  const { _id = new ObjectId(), ...fields } = document;
  return { _id, ...fields };
}

function parseIndex(spec: BsonDocument): UniqueIndex {
  refuseUnknownFields('createIndexes', spec, INDEX_FIELDS);
  const name = stringField(spec, 'name');
  if (!flagField(spec, 'unique', false)) {
    throw new CommandError('CannotCreateIndex', `index "${name}": only unique indexes are supported`);
  }
  const fields = Object.entries(documentField(spec, 'key')).map(([path, value]) => {
    const direction = toNumber(value);
    if (direction !== 1 && direction !== -1) {
      throw new CommandError('CannotCreateIndex', `index "${name}": "${path}" must be 1 or -1`);
    }
    return [path, direction] as const;
  });
  if (fields.length === 0) {
    throw new CommandError('CannotCreateIndex', `index "${name}" names no field`);
  }
  return { name, fields: Object.fromEntries(fields) };
}

function exists(indexes: readonly UniqueIndex[], { name, fields }: UniqueIndex): boolean {
  const same = indexes.find((index) => index.name === name);
  if (same !== undefined && JSON.stringify(same.fields) !== JSON.stringify(fields)) {
    throw new CommandError('IndexOptionsConflict', `index "${name}" exists over other fields`);
  }
  return same !== undefined;
}

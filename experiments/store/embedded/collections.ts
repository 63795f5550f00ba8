import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type BsonDocument, decodeDocument, encodeDocument } from './bson-document.ts';
import { CommandError } from './command-error.ts';
import { valuesAt } from './filter.ts';
import { orderKey } from './order-key.ts';

/** A document as it was found. */
export interface StoredRow {
  readonly id: Uint8Array;
  readonly document: BsonDocument;
  readonly sizeBytes: number;
}

export interface UniqueIndex {
  readonly name: string;
  /** Field paths with their direction, in order. */
  readonly fields: Readonly<Record<string, 1 | -1>>;
}

/** Sorts after every order key. */
const AFTER_ALL = Buffer.from([0xff]);
const BEFORE_ALL = Buffer.alloc(0);

/**
 * The documents of every collection, by namespace (`database.collection`), and their unique indexes. Each
 * change checks first and writes after, so a refused one leaves nothing behind.
 */
export class Collections {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Runs `work`; its changes are on disk when this returns, and none of them when it throws. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK');
      }
      throw error;
    }
  }

  /** The documents whose `_id` key lies within the bounds (inclusive), in the order of `_id`. */
  *scan(
    namespace: string,
    { low = BEFORE_ALL, high = AFTER_ALL, descending = false }: ScanOptions = {},
  ): Generator<StoredRow> {
    const rows = this.#prepare(
      `SELECT id, body FROM documents WHERE namespace = ? AND id BETWEEN ? AND ? ORDER BY id ${descending ? 'DESC' : 'ASC'}`,
    ).iterate(namespace, low, high);
    for (const { id, body } of rows) {
      if (id instanceof Uint8Array && body instanceof Uint8Array) {
        yield { id, document: decodeDocument(body), sizeBytes: body.byteLength };
      }
    }
  }

  /** Adds a document that has an `_id`; throws DuplicateKey when that or a unique index stands against it. */
  insert(namespace: string, document: BsonDocument): void {
    const id = idKey(document);
    const body = encodeDocument(document);
    if (this.#prepare('SELECT 1 FROM documents WHERE namespace = ? AND id = ?').get(namespace, id)) {
      throw duplicateKey(namespace, { name: '_id_', fields: { _id: 1 } });
    }
    this.#index(namespace, document, []);
    this.#prepare('INSERT INTO documents (namespace, id, body) VALUES (?, ?, ?)').run(namespace, id, body);
  }

  /** Puts a document in the place of the one found; false when nothing differs. */
  replace(namespace: string, { id }: StoredRow, document: BsonDocument): boolean {
    if (!idKey(document).equals(id)) {
      throw new CommandError('ImmutableField', 'the field "_id" of a document cannot be changed');
    }
    const body = encodeDocument(document);
    const current = this.#prepare('SELECT body FROM documents WHERE namespace = ? AND id = ?').get(
      namespace,
      id,
    );
    if (!(current?.['body'] instanceof Uint8Array)) {
      throw new CommandError('InternalError', 'the document to replace is gone');
    }
    if (Buffer.compare(current['body'], body) === 0) {
      return false;
    }
    this.#index(namespace, document, this.#uniqueKeys(namespace, decodeDocument(current['body'])));
    this.#prepare('UPDATE documents SET body = ? WHERE namespace = ? AND id = ?').run(body, namespace, id);
    return true;
  }

  remove(namespace: string, { id, document }: StoredRow): void {
    this.#unindex(namespace, this.#uniqueKeys(namespace, document));
    this.#prepare('DELETE FROM documents WHERE namespace = ? AND id = ?').run(namespace, id);
  }

  uniqueIndexes(namespace: string): UniqueIndex[] {
    const rows = this.#prepare('SELECT name, fields FROM unique_indexes WHERE namespace = ?').all(namespace);
    return rows.map(({ name, fields }) => ({ name: String(name), fields: JSON.parse(String(fields)) }));
  }

  /** Makes an index over what is there; throws DuplicateKey when two documents share a key. */
  createUniqueIndex(namespace: string, index: UniqueIndex): void {
    this.#prepare('INSERT INTO unique_indexes (namespace, name, fields) VALUES (?, ?, ?)').run(
      namespace,
      index.name,
      JSON.stringify(index.fields),
    );
    for (const { document } of this.scan(namespace)) {
      this.#claim(namespace, index, document, []);
      this.#addKey(namespace, index, document);
    }
  }

  dropDatabase(name: string): void {
    // `0` follows `.` and `/`: the range is every namespace that begins with the name and a dot.
    for (const table of ['documents', 'unique_indexes', 'unique_keys']) {
      this.#prepare(`DELETE FROM ${table} WHERE namespace >= ? AND namespace < ?`).run(
        `${name}.`,
        `${name}/`,
      );
    }
  }

  #index(namespace: string, document: BsonDocument, released: readonly UniqueKey[]): void {
    const indexes = this.uniqueIndexes(namespace);
    for (const index of indexes) {
      this.#claim(namespace, index, document, released);
    }
    this.#unindex(namespace, released);
    for (const index of indexes) {
      this.#addKey(namespace, index, document);
    }
  }

  /** Throws DuplicateKey unless the document's key is free or about to be released. */
  #claim(
    namespace: string,
    index: UniqueIndex,
    document: BsonDocument,
    released: readonly UniqueKey[],
  ): void {
    const key = uniqueKey(index, document);
    const own = released.some((held) => held.name === index.name && held.key.equals(key));
    const taken = this.#prepare('SELECT 1 FROM unique_keys WHERE namespace = ? AND name = ? AND key = ?');
    if (!own && taken.get(namespace, index.name, key)) {
      throw duplicateKey(namespace, index);
    }
  }

  #addKey(namespace: string, index: UniqueIndex, document: BsonDocument): void {
    this.#prepare('INSERT INTO unique_keys (namespace, name, key) VALUES (?, ?, ?)').run(
      namespace,
      index.name,
      uniqueKey(index, document),
    );
  }

  #unindex(namespace: string, keys: readonly UniqueKey[]): void {
    for (const { name, key } of keys) {
      this.#prepare('DELETE FROM unique_keys WHERE namespace = ? AND name = ? AND key = ?').run(
        namespace,
        name,
        key,
      );
    }
  }

  #uniqueKeys(namespace: string, document: BsonDocument): UniqueKey[] {
    return this.uniqueIndexes(namespace).map((index) => ({
      name: index.name,
      key: uniqueKey(index, document),
    }));
  }

  #prepare(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

interface ScanOptions {
  readonly low?: Buffer;
  readonly high?: Buffer;
  readonly descending?: boolean;
}

interface UniqueKey {
  readonly name: string;
  readonly key: Buffer;
}

function idKey(document: BsonDocument): Buffer {
  const key = orderKey(document['_id']);
  if (key === null) {
    throw new CommandError(
      'BadValue',
      '"_id" must be a scalar: a string, number, date, boolean, ObjectId, binary',
    );
  }
  return key;
}

function uniqueKey({ name, fields }: UniqueIndex, document: BsonDocument): Buffer {
  const keys = Object.keys(fields).map((path) => {
    const key = orderKey(valuesAt(document, path)[0]);
    if (key === null) {
      throw new CommandError('BadValue', `index "${name}": "${path}" must hold a scalar`);
    }
    return key;
  });
  return Buffer.concat(keys);
}

/** Names the index alone: the values may be secrets, and messages end in logs. */
function duplicateKey(namespace: string, { name, fields }: UniqueIndex): CommandError {
  const message = `E11000 duplicate key error collection: ${namespace} index: ${name}`;
  return new CommandError('DuplicateKey', message, { keyPattern: fields });
}

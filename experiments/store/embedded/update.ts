import { Double, Int32, Long } from 'bson';
import { type BsonDocument, documentField, isDocument, toNumber } from './bson-document.ts';
import { CommandError } from './command-error.ts';
import type { Condition } from './filter.ts';

const OPERATORS = new Set(['$set', '$unset', '$inc', '$setOnInsert']);
const INT32_LIMIT = 2n ** 31n;
const INT64_LIMIT = 2n ** 63n;

/** Refuses an update that is neither a replacement nor made of the operators known here, before anything is read. */
export function checkUpdate(update: unknown): asserts update is BsonDocument {
  if (!isDocument(update)) {
    throw new CommandError('FailedToParse', 'an update must be a document; pipelines are not supported');
  }
  if (!isReplacement(update)) {
    const touched = Object.keys(update).flatMap((operator) => checkOperator(operator, update));
    const clash = touched.find((path, index) =>
      touched.some((other, at) => at < index && overlap(path, other)),
    );
    if (clash !== undefined) {
      throw new CommandError('ConflictingUpdateOperators', `"${clash}" would be updated twice`);
    }
  }
}

/** Whether the update is a whole new document rather than operators. */
export function isReplacement(update: BsonDocument): boolean {
  return !Object.keys(update)[0]?.startsWith('$');
}

/** The document after the update, as a copy. `inserting` applies `$setOnInsert`. A replacement keeps the `_id`. */
export function applyUpdate(original: BsonDocument, update: BsonDocument, inserting: boolean): BsonDocument {
  if (isReplacement(update)) {
    return '_id' in original ? { _id: original['_id'], ...update } : update;
  }
  const document = copy(original);
  const set = {
    ...documentField(update, '$set'),
    ...(inserting ? documentField(update, '$setOnInsert') : {}),
  };
  for (const [path, value] of Object.entries(set)) {
    write(document, path, () => value);
  }
  for (const [path, amount] of Object.entries(documentField(update, '$inc'))) {
    write(document, path, (current) => add(path, current, amount));
  }
  for (const path of Object.keys(documentField(update, '$unset'))) {
    unset(document, path);
  }
  return document;
}

/** What an upsert starts from: the fields that the filter says are equal to something. */
export function seedOf(filter: BsonDocument, conditions: readonly Condition[]): BsonDocument {
  const seed: BsonDocument = {};
  for (const { path, operator } of conditions) {
    if (operator === '$eq') {
      const clause = filter[path];
      write(seed, path, () => (isDocument(clause) ? clause['$eq'] : clause));
    }
  }
  return seed;
}

function checkOperator(operator: string, update: BsonDocument): string[] {
  if (!OPERATORS.has(operator)) {
    throw new CommandError('FailedToParse', `update: "${operator}" is not supported by the embedded server`);
  }
  const paths = Object.keys(documentField(update, operator));
  const bad = paths.find((path) => path.split('.').some((part) => part === '' || part.startsWith('$')));
  if (bad !== undefined) {
    throw new CommandError('BadValue', `update: "${bad}" is not a field's path`);
  }
  return paths;
}

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

/** Copies the documents within, which an update may change; arrays and scalars it can only replace. */
function copy(document: BsonDocument): BsonDocument {
  return Object.fromEntries(
    Object.entries(document).map(([field, value]) => [field, isDocument(value) ? copy(value) : value]),
  );
}

function write(document: BsonDocument, path: string, change: (current: unknown) => unknown): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let parent = document;
  for (const part of parts) {
    const child = own(parent, part) ?? {};
    if (!isDocument(child)) {
      throw new CommandError('PathNotViable', `"${path}" leads through "${part}", which is no document`);
    }
    define(parent, part, child);
    parent = child;
  }
  define(parent, last, change(own(parent, last)));
}

function unset(document: BsonDocument, path: string): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let parent: unknown = document;
  for (const part of parts) {
    parent = isDocument(parent) ? own(parent, part) : undefined;
  }
  if (isDocument(parent)) {
    delete parent[last];
  }
}

function own(document: BsonDocument, field: string): unknown {
  return Object.hasOwn(document, field) ? document[field] : undefined;
}

/** As assignment, but a field named `__proto__` is one like any other. */
function define(document: BsonDocument, field: string, value: unknown): void {
  Object.defineProperty(document, field, { value, writable: true, enumerable: true, configurable: true });
}

function add(path: string, current: unknown, amount: unknown): unknown {
  const before = current ?? new Int32(0);
  const [a, b] = [toNumber(before), toNumber(amount)];
  if (a === undefined || b === undefined) {
    throw new CommandError('TypeMismatch', `$inc: "${path}" and its amount must both be numbers`);
  }
  if (before instanceof Double || amount instanceof Double) {
    return new Double(a + b);
  }
  const sum = toBigInt(before, a) + toBigInt(amount, b);
  const bothInt32 = before instanceof Int32 && amount instanceof Int32;
  if (bothInt32 && sum >= -INT32_LIMIT && sum < INT32_LIMIT) {
    return new Int32(Number(sum));
  }
  if (sum < -INT64_LIMIT || sum >= INT64_LIMIT) {
    throw new CommandError('BadValue', `$inc: "${path}" would leave the range of a 64-bit integer`);
  }
  return Long.fromBigInt(sum);
}

function toBigInt(value: unknown, asNumber: number): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(asNumber);
}

import { Double, deserialize, Int32, Long, serialize } from 'bson';
import { CommandError } from './command-error.ts';

/** A document as decodeDocument makes it: numbers stay Int32, Long or Double, so that they are stored unchanged. */
export type BsonDocument = Record<string, unknown>;

/** Largest document that is stored, as in MongoDB. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** Parses one BSON document that fills `bytes` exactly; throws bson's BSONError when it is malformed. */
export function decodeDocument(bytes: Uint8Array): BsonDocument {
  return deserialize(bytes, { promoteValues: false, bsonRegExp: true });
}

/** The bytes to store; throws BSONObjectTooLarge past 16 MiB. */
export function encodeDocument(document: BsonDocument): Uint8Array {
  const bytes = serialize(document);
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) {
    throw new CommandError(
      'BSONObjectTooLarge',
      `a document of ${bytes.byteLength} bytes exceeds the limit of ${MAX_DOCUMENT_BYTES} bytes`,
    );
  }
  return bytes;
}

/** Whether the value is an embedded document: not an array, and no BSON scalar such as Int32 or a date. */
export function isDocument(value: unknown): value is BsonDocument {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !('_bsontype' in value)
  );
}

/** The embedded document in that field of a command; absent is empty. */
export function documentField(command: BsonDocument, field: string): BsonDocument {
  const value = command[field] ?? {};
  if (!isDocument(value)) {
    throw new CommandError('TypeMismatch', `"${field}" must be a document`);
  }
  return value;
}

/** The array of documents in that field of a command. */
export function documentsField(command: BsonDocument, field: string): readonly BsonDocument[] {
  const value = command[field];
  if (!Array.isArray(value) || !value.every(isDocument)) {
    throw new CommandError('TypeMismatch', `"${field}" must be an array of documents`);
  }
  return value;
}

/** The string in that field of a command. */
export function stringField(command: BsonDocument, field: string): string {
  const value = command[field];
  if (typeof value !== 'string') {
    throw new CommandError('TypeMismatch', `"${field}" must be a string`);
  }
  return value;
}

/** A BSON number as a JavaScript one (a Long past 2^53 loses precision); undefined for anything else. */
export function toNumber(value: unknown): number | undefined {
  if (value instanceof Int32 || value instanceof Double) {
    return value.value;
  }
  return value instanceof Long ? value.toNumber() : undefined;
}

/** The whole number, not negative, in that field of a command, or the default when it is absent. */
export function countField(command: BsonDocument, field: string, absent: number): number {
  const value = command[field];
  if (value === undefined) {
    return absent;
  }
  const number = toNumber(value);
  if (number === undefined || !Number.isSafeInteger(number) || number < 0) {
    throw new CommandError('BadValue', `"${field}" must be a whole number of at least 0`);
  }
  return number;
}

/** The flag in that field of a command (a number counts as true unless it is 0), or the default when absent. */
export function flagField(command: BsonDocument, field: string, absent: boolean): boolean {
  const value = command[field];
  if (value === undefined || typeof value === 'boolean') {
    return value ?? absent;
  }
  const number = toNumber(value);
  if (number === undefined) {
    throw new CommandError('TypeMismatch', `"${field}" must be true or false`);
  }
  return number !== 0;
}

/** Refuses by name every field that is not in the list. */
export function refuseUnknownFields(what: string, document: BsonDocument, known: ReadonlySet<string>): void {
  for (const field of Object.keys(document)) {
    if (!known.has(field)) {
      throw new CommandError('InvalidOptions', `${what}: "${field}" is not supported by the embedded server`);
    }
  }
}

import { Binary, BSONSymbol, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import { CommandError } from './command-error.ts';

/** First byte of a key: the order of types, https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/ */
const TYPE = { null: 5, number: 10, string: 15, binary: 30, objectId: 35, boolean: 40, date: 45 } as const;

const SIGN_BIT = 1n << 63n;
const ALL_BITS = (1n << 64n) - 1n;
/** A 64-bit integer differs from the nearest double by at most 512; the bias makes that difference unsigned. */
const REMAINDER_BIAS = 0x8000;

/**
 * Bytes that compare (as SQLite and Buffer.compare do) in the order in which MongoDB compares the values, and
 * are equal where MongoDB says so: 1, 1.0 and Long 1 share a key. The one definition of order for `_id`,
 * unique indexes, filters and sorts. Keys are self-terminating, so that they may be concatenated.
 *
 * Null for a value that equals no scalar: a document, an array, a regular expression, … Decimal128 is refused,
 * because it may equal another number.
 */
export function orderKey(value: unknown): Buffer | null {
  if (value === null || value === undefined) {
    return Buffer.from([TYPE.null]);
  }
  if (typeof value === 'string' || value instanceof BSONSymbol) {
    return stringKey(value.toString());
  }
  if (value instanceof Int32 || value instanceof Double) {
    return numberKey(value.value, 0);
  }
  if (value instanceof Long) {
    const exact = value.toBigInt();
    const rounded = Number(exact);
    return numberKey(rounded, Number(exact - BigInt(rounded)));
  }
  if (typeof value === 'boolean') {
    return Buffer.from([TYPE.boolean, value ? 1 : 0]);
  }
  if (value instanceof Date) {
    return prefixed(TYPE.date, uint64(BigInt.asUintN(64, BigInt(value.getTime())) ^ SIGN_BIT));
  }
  if (value instanceof ObjectId) {
    return prefixed(TYPE.objectId, value.id);
  }
  if (value instanceof Binary) {
    return binaryKey(value);
  }
  if (value instanceof Decimal128) {
    throw new CommandError('BadValue', 'Decimal128 cannot be compared by the embedded server: use a double');
  }
  return null;
}

/** Whether two keys are of one type: ranges only ever match within a type. */
export function sameType(a: Buffer, b: Buffer): boolean {
  return a[0] === b[0];
}

/** The least key greater than every key of that type. */
export function endOfType(key: Buffer): Buffer {
  return Buffer.from([(key[0] ?? 0) + 1]);
}

/** Whether the key is that of NaN, which sorts before every number and is in no range. */
export function isNanKey(key: Buffer): boolean {
  return key[0] === TYPE.number && key.subarray(1, 9).every((byte) => byte === 0);
}

function prefixed(type: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([type]), ...parts]);
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** The double's bits, flipped so that they sort (all of them for a negative, else the sign); NaN is all zeros. */
function numberKey(value: number, remainder: number): Buffer {
  const key = Buffer.alloc(11);
  key[0] = TYPE.number;
  if (!Number.isNaN(value)) {
    key.writeDoubleBE(value === 0 ? 0 : value, 1);
    const bits = key.readBigUInt64BE(1);
    key.writeBigUInt64BE(bits ^ (bits & SIGN_BIT ? ALL_BITS : SIGN_BIT), 1);
  }
  key.writeUInt16BE(remainder + REMAINDER_BIAS, 9);
  return key;
}

/** UTF-8, with NUL written as NUL ÿ and the end as NUL NUL, so that a prefix sorts first. */
function stringKey(value: string): Buffer {
  return prefixed(TYPE.string, Buffer.from(value.replaceAll('\0', '\0ÿ'), 'utf8'), Buffer.from([0, 0]));
}

/** By length, then subtype, then bytes. */
function binaryKey(value: Binary): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(value.length());
  head[4] = value.sub_type;
  return prefixed(TYPE.binary, head, value.value());
}

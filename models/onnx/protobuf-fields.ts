/** A field of a protobuf message: its number, and its bytes where it is length-delimited or its value where it is a varint. */
export type ProtobufField =
  | { readonly number: number; readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'fixed' };

const MAX_VARINT_BYTES = 10;
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * The fields of one protobuf message, in order, without copying or building anything: a hostile file costs no
 * more memory than its size. Throws RangeError where the bytes are no protobuf message.
 * Source: protobuf.dev, "Encoding".
 */
export function* protobufFields(message: Uint8Array): Iterable<ProtobufField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = message[at];
      if (byte === undefined) throw new RangeError('ends within a number');
      at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value;
    }
    throw new RangeError('holds a number of more than 10 bytes');
  };
  const skip = (bytes: number): void => {
    if (bytes > message.length - at) throw new RangeError('ends within a field');
    at += bytes;
  };
  while (at < message.length) {
    const key = Number(varint());
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0) throw new RangeError('holds a field numbered 0');
    if (wire === WIRE.varint) {
      yield { number, kind: 'varint', value: varint() };
    } else if (wire === WIRE.bytes) {
      const length = Number(varint());
      skip(length);
      yield { number, kind: 'bytes', bytes: message.subarray(at - length, at) };
    } else if (wire === WIRE.fixed64 || wire === WIRE.fixed32) {
      skip(wire === WIRE.fixed64 ? 8 : 4);
      yield { number, kind: 'fixed' };
    } else {
      throw new RangeError(`holds a field of wire type ${wire}`);
    }
  }
}

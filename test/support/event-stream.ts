import { crc32 } from 'node:zlib';

const STRING = 7;

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([STRING]),
    length,
    Buffer.from(value),
  ]);
}

/** One event of `application/vnd.amazon.eventstream`, written by hand from AWS's description ("Event stream encoding"). */
export function eventOf(headers: Readonly<Record<string, string>>, payload: Uint8Array | string): Buffer {
  const described = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const body = Buffer.from(payload);
  const lengths = Buffer.concat([u32(16 + described.length + body.length), u32(described.length)]);
  const message = Buffer.concat([lengths, u32(crc32(lengths)), described, body]);
  return Buffer.concat([message, u32(crc32(message))]);
}

/** A part of an answer, as SageMaker streams it. */
export const payloadPart = (payload: Uint8Array | string): Buffer =>
  eventOf(
    { ':message-type': 'event', ':event-type': 'PayloadPart', ':content-type': 'application/octet-stream' },
    payload,
  );

/** The model gives up in the middle. */
export const modelStreamError = (message: string): Buffer =>
  eventOf(
    {
      ':message-type': 'exception',
      ':exception-type': 'ModelStreamError',
      ':content-type': 'application/json',
    },
    JSON.stringify({ Message: message, ErrorCode: 'ModelInvocationTimeExceeded' }),
  );

import { EventStreamCodec } from '@smithy/core/event-streams';

/** Longest event that is taken into memory; SageMaker's own parts are far smaller. */
const MAX_EVENT_BYTES = 25_165_824;
/** Lengths and checksums around headers and payload. */
const LEAST_EVENT_BYTES = 16;

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

/** The model, or what runs it, gave up in the middle of its answer: `kind` as AWS names it. */
export class StreamFailure extends Error {
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * The payload of a SageMaker response stream (`application/vnd.amazon.eventstream`): the bytes of its `PayloadPart`
 * events. Throws StreamFailure where an event is an exception, and RangeError where the bytes are none of the format.
 * Source: AWS, "Event stream encoding" and InvokeEndpointWithResponseStream.
 */
export async function* payloadParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const event of eventsIn(bytes)) {
    const { headers, body } = codec.decode(event);
    const said = (name: string) => headers[name]?.value;
    if (said(':message-type') !== 'event') {
      const kind = said(':exception-type') ?? said(':error-code');
      throw new StreamFailure(String(kind ?? 'unknown'), Buffer.from(body).toString('utf8').slice(0, 1_000));
    }
    if (said(':event-type') === 'PayloadPart') yield body;
  }
}

/** The bytes of each event: its first four are its length. */
async function* eventsIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let length = lengthOf(rest); length !== null && length <= rest.length; length = lengthOf(rest)) {
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
  }
  if (rest.length > 0) throw new RangeError('the stream ended in the middle of an event');
}

function lengthOf(bytes: Buffer): number | null {
  if (bytes.length < 4) return null;
  const length = bytes.readUInt32BE(0);
  if (length < LEAST_EVENT_BYTES || length > MAX_EVENT_BYTES)
    throw new RangeError(`an event says that it has ${length} bytes: this is no event stream`);
  return length;
}

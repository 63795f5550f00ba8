import { HEADER_BYTES, MAX_MESSAGE_BYTES, WireError } from './wire-message.ts';

/** Cuts a stream of bytes into frames, each of which begins with its own length. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Length of the frame that is arriving; null until its first four bytes are there. */
  #wantedBytes: number | null = null;

  /** The frames that are whole now that `chunk` has come; throws WireError on an impossible length. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.byteLength;
    while (this.#heldBytes >= (this.#wantedBytes ?? 4)) {
      const [first = chunk, ...more] = this.#chunks;
      const held = more.length === 0 ? first : Buffer.concat(this.#chunks);
      const length = held.readInt32LE(0);
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
        throw new WireError(
          `a message of ${length} bytes; the limits are ${HEADER_BYTES} and ${MAX_MESSAGE_BYTES}`,
        );
      }
      const whole = held.byteLength >= length;
      const rest = whole ? held.subarray(length) : held;
      this.#chunks = [rest];
      this.#heldBytes = rest.byteLength;
      this.#wantedBytes = whole ? null : length;
      if (whole) {
        yield held.subarray(0, length);
      }
    }
  }
}

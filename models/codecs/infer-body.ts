import type { Decoded } from './input-problem.ts';

/** A body of the protocol as it travels: JSON, and behind it the bytes of its binary tensors, if any. */
export interface InferBody {
  readonly bytes: Buffer;
  /** Length of the JSON; null where all of the body is JSON. */
  readonly jsonBytes: number | null;
}

/** Says where the JSON of a body with binary tensors ends. Source: Triton, "Binary Tensor Data Extension". */
export const JSON_LENGTH_HEADER = 'inference-header-content-length';

/** A body with what its header says of it. A length that is no number, or more than came, is a problem. */
export function inferBody(bytes: Buffer, header: string | string[] | undefined): Decoded<InferBody> {
  if (header === undefined) return { ok: true, value: { bytes, jsonBytes: null } };
  const jsonBytes = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : -1;
  if (jsonBytes >= 0 && jsonBytes <= bytes.length) return { ok: true, value: { bytes, jsonBytes } };
  const message = `header ${JSON_LENGTH_HEADER} must be the length of the body's JSON, a whole number up to ${bytes.length} here`;
  return { ok: false, problems: [{ path: '', code: 'invalid-json-length', message }] };
}

/** The part of a body that is JSON. */
export function jsonOf({ bytes, jsonBytes }: InferBody): Buffer {
  return jsonBytes === null ? bytes : bytes.subarray(0, jsonBytes);
}

/** The bytes behind a body's JSON, taken from front to back. */
export class BinaryPart {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor({ bytes, jsonBytes }: InferBody) {
    this.#bytes = bytes.subarray(jsonBytes ?? bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The next bytes; null when there are fewer. */
  take(length: number): Uint8Array | null {
    if (length > this.left) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

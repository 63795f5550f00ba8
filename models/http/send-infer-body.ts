import type { IncomingMessage, ServerResponse } from 'node:http';
import accepts from 'accepts';
import { type InferBody, JSON_LENGTH_HEADER } from '../codecs/infer-body.ts';
import { ANSWER_CODINGS, compress } from './content-coding.ts';

/** Below this, compression costs more than the bytes it saves. */
const MIN_COMPRESSED_BYTES = 1_024;
/** Copying more than this costs more than the second part of a write. */
const MAX_BYTES_AS_TEXT = 16_384;

/**
 * Ends an answer with a body of the protocol: JSON, or JSON and binary tensors; compressed where the client asked
 * for it. The JSON's length counts what is inside of the compression.
 */
export async function sendInferBody(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, jsonBytes }: InferBody,
): Promise<void> {
  response.setHeader('content-type', jsonBytes === null ? 'application/json' : 'application/octet-stream');
  if (jsonBytes !== null) response.setHeader(JSON_LENGTH_HEADER, jsonBytes);
  const accepted =
    bytes.length < MIN_COMPRESSED_BYTES ? false : accepts(request).encodings(...ANSWER_CODINGS, 'identity');
  const coding = ANSWER_CODINGS.find((candidate) => candidate === accepted);
  if (coding === undefined) {
    response.setHeader('content-length', bytes.length);
    // Node writes headers and body at once where both are strings; a buffer costs a gathering write.
    if (bytes.length <= MAX_BYTES_AS_TEXT) response.end(bytes.toString('latin1'), 'latin1');
    else response.end(bytes);
    return;
  }
  const compressed = await compress(bytes, coding);
  response.setHeader('content-encoding', coding).setHeader('vary', 'accept-encoding');
  response.setHeader('content-length', compressed.length).end(compressed);
}

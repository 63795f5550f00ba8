import type { IncomingMessage } from 'node:http';
import { isObject } from '../../models/codecs/decode-tensor.ts';
import { type InferBody, inferBody, JSON_LENGTH_HEADER, jsonOf } from '../../models/codecs/infer-body.ts';
import { errorBody } from '../../models/codecs/input-problem.ts';
import { parseLossless } from '../../models/codecs/lossless-json.ts';
import { fromRawRequest } from '../../models/codecs/raw-request.ts';
import type { Signature } from '../../models/codecs/tensor.ts';
import { readBody } from '../http/read-body.ts';
import { Problem } from '../problems.ts';
import type { WireProtocol } from './wire-protocol.ts';

/** The Open Inference Protocol v2: what targets speak, so that nothing is rewritten. */
export const openInferenceProtocol: WireProtocol = {
  async read(request, maxBytes) {
    const body = asInferBody(await readBody(request, maxBytes), request);
    return {
      parameters: parametersOf(body),
      toInfer: async (signature) => (body.jsonBytes === 0 ? described(body, await signature()) : body),
      answer: (answer) => answer,
    };
  },
};

/** A body that is nothing but a tensor, with the JSON that says which. */
function described({ bytes }: InferBody, signature: Signature): InferBody {
  const request = fromRawRequest(bytes, signature);
  if (request.ok) return request.value;
  throw new Problem('invalid-request', errorBody(request.problems).error);
}

/** The body of an inference with the place where its JSON ends. */
function asInferBody(bytes: Buffer, { headers }: IncomingMessage): InferBody {
  const read = inferBody(bytes, headers[JSON_LENGTH_HEADER]);
  if (read.ok) return read.value;
  throw new Problem('invalid-request', errorBody(read.problems).error);
}

/**
 * The protocol's request parameters, where context may travel. A body that cannot hold any is not parsed here:
 * the target parses it anyway, and says what is wrong with it.
 */
function parametersOf(body: InferBody): Readonly<Record<string, unknown>> {
  const json = jsonOf(body);
  if (!json.includes('"parameters"') && !json.includes('\\u')) return {};
  let parsed: unknown;
  try {
    parsed = parseLossless(json.toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: check its syntax and encoding', { cause });
  }
  return scalarParameters(parsed);
}

/** `parameters` of a parsed body, integers that a double cannot hold as their digits. */
export function scalarParameters(body: unknown): Readonly<Record<string, unknown>> {
  const parameters = isObject(body) ? body['parameters'] : undefined;
  if (!isObject(parameters)) return {};
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? String(value) : value,
    ]),
  );
}

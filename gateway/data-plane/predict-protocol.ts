import type { IncomingMessage } from 'node:http';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { errorBody } from '../../models/codecs/input-problem.ts';
import { parseLossless } from '../../models/codecs/lossless-json.ts';
import { decodeInferResponse } from '../../models/codecs/open-inference.ts';
import {
  decodePredictRequest,
  encodePredictions,
  type PredictFormat,
  predictFormat,
} from '../../models/codecs/predict.ts';
import type { Signature } from '../../models/codecs/tensor.ts';
import { encodeInferRequest } from '../../models/codecs/write-open-inference.ts';
import { readBody } from '../http/read-body.ts';
import { Problem } from '../problems.ts';
import { scalarParameters } from './open-inference-protocol.ts';
import type { WireProtocol } from './wire-protocol.ts';

/** `:predict`, as TensorFlow Serving, KServe v1 and Vertex AI have it: `{instances}` → `{predictions}`. */
export const predictProtocol: WireProtocol = {
  async read(request: IncomingMessage, maxBytes: number) {
    const body = parse(await readBody(request, maxBytes));
    const format = predictFormat(body);
    if (format === null)
      throw new Problem('invalid-request', 'the body must be an object with either "instances" or "inputs"');
    return {
      parameters: scalarParameters(body),
      toInfer: async (signature) => toInfer(body, await signature()),
      answer: (answer) => toPredictions(answer, format),
    };
  },
};

function parse(body: Buffer): unknown {
  try {
    return parseLossless(body.toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: check its syntax and encoding', { cause });
  }
}

function toInfer(body: unknown, signature: Signature): InferBody {
  const decoded = decodePredictRequest(body, signature);
  const encoded = decoded.ok ? encodeInferRequest({ inputs: decoded.value.inputs, parameters: {} }) : decoded;
  if (encoded.ok) return encoded.value;
  throw new Problem('invalid-request', errorBody(encoded.problems).error);
}

function toPredictions(body: InferBody, format: PredictFormat): InferBody | Problem {
  const decoded = decodeInferResponse(body);
  if (!decoded.ok)
    return new Problem('target-failed', 'the answer does not follow the Open Inference Protocol');
  const encoded = encodePredictions(decoded.value.outputs, format);
  if (!encoded.ok) return new Problem('target-failed', errorBody(encoded.problems).error);
  return { bytes: Buffer.from(encoded.value), jsonBytes: null };
}

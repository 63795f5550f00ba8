import { writeBinaryData } from './binary-tensor.ts';
import { isObject } from './decode-tensor.ts';
import { type InferBody, jsonOf } from './infer-body.ts';
import type { Decoded } from './input-problem.ts';
import { losslessInteger, parseLossless } from './lossless-json.ts';
import type { BinaryOutputs, InferRequest, InferResponse, Parameters } from './open-inference.ts';
import type { Tensor } from './tensor.ts';
import { writeTensorData } from './tensor-data.ts';

interface Written {
  readonly tensors: readonly unknown[];
  /** What stands behind the JSON, in the order of the tensors. */
  readonly binary: readonly Uint8Array[];
}

function writeTensors(tensors: readonly Tensor[], binaryOutputs: BinaryOutputs): Decoded<Written> {
  const written: unknown[] = [];
  const binary: Uint8Array[] = [];
  for (const tensor of tensors) {
    const { name, datatype, shape } = tensor;
    if (binaryOutputs === 'all' || binaryOutputs.includes(name)) {
      const bytes = writeBinaryData(tensor);
      binary.push(bytes);
      written.push({ name, datatype, shape, parameters: { binary_data_size: bytes.length } });
      continue;
    }
    const data = writeTensorData(tensor);
    if (!data.ok) return data;
    written.push({ name, datatype, shape, data: data.value });
  }
  return { ok: true, value: { tensors: written, binary } };
}

/** Absent when there are none, as most servers and clients have it. */
function writeParameters(parameters: Parameters | undefined): { readonly parameters?: unknown } {
  const entries = Object.entries(parameters ?? {});
  if (entries.length === 0) return {};
  const written = entries.map(([name, value]) => [
    name,
    typeof value === 'bigint' ? losslessInteger(value) : value,
  ]);
  return { parameters: Object.fromEntries(written) };
}

function bodyOf(json: unknown, binary: readonly Uint8Array[]): InferBody {
  const text = Buffer.from(JSON.stringify(json));
  if (binary.length === 0) return { bytes: text, jsonBytes: null };
  return { bytes: Buffer.concat([text, ...binary]), jsonBytes: text.length };
}

/**
 * A request to another server, its inputs in JSON or, with `binary`, behind it; or why a tensor of it has no JSON
 * form. Outputs are asked for as they were asked for here.
 */
export function encodeInferRequest(
  request: InferRequest,
  { binary = false }: { readonly binary?: boolean } = {},
): Decoded<InferBody> {
  const inputs = writeTensors(request.inputs, binary ? 'all' : []);
  if (!inputs.ok) return inputs;
  const { id, outputs, binaryOutputs } = request;
  const json = {
    id,
    ...writeParameters(request.parameters),
    inputs: inputs.value.tensors,
    outputs: outputs?.map((name) => ({
      name,
      parameters: binaryOutputs === undefined ? undefined : { binary_data: binaryOutputs.includes(name) },
    })),
  };
  return { ok: true, value: bodyOf(json, inputs.value.binary) };
}

/**
 * An answer, with the outputs named in `binaryOutputs` behind the JSON, or why a tensor of it has no JSON form
 * (FP16, NaN, infinities).
 */
export function encodeInferResponse(
  response: InferResponse,
  binaryOutputs: BinaryOutputs = [],
): Decoded<InferBody> {
  const outputs = writeTensors(response.outputs, binaryOutputs);
  if (!outputs.ok) return outputs;
  const { modelName, modelVersion, id } = response;
  const json = {
    model_name: modelName,
    model_version: modelVersion,
    id,
    ...writeParameters(response.parameters),
    outputs: outputs.value.tensors,
  };
  return { ok: true, value: bodyOf(json, outputs.value.binary) };
}

/** Another server's answer under another name, without version and parameters; null if it is none. */
export function renameInferResponse(body: InferBody, modelName: string): InferBody | null {
  return rewriteJson(body, ({ id, outputs }) =>
    Array.isArray(outputs) ? { model_name: modelName, id, outputs } : null,
  );
}

/** The same answer to another request: with its id, or with none. A body that is no answer stays as it is. */
export function withResponseId(body: InferBody, id: string | undefined): InferBody {
  return rewriteJson(body, (json) => ({ ...json, id })) ?? body;
}

/** A body with other JSON in front of the same tensors; null where it has none, or `change` refuses it. */
function rewriteJson(
  body: InferBody,
  change: (json: Readonly<Record<string, unknown>>) => object | null,
): InferBody | null {
  let parsed: unknown;
  try {
    parsed = parseLossless(jsonOf(body).toString('utf8'));
  } catch {
    return null;
  }
  const changed = isObject(parsed) ? change(parsed) : null;
  if (changed === null) return null;
  const text = JSON.stringify(changed, (_key, value: unknown) =>
    typeof value === 'bigint' ? losslessInteger(value) : value,
  );
  const json = Buffer.from(text);
  if (body.jsonBytes === null) return { bytes: json, jsonBytes: null };
  return { bytes: Buffer.concat([json, body.bytes.subarray(body.jsonBytes)]), jsonBytes: json.length };
}

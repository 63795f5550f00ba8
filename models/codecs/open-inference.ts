import { decodeTensor, isObject } from './decode-tensor.ts';
import type { Decoded, InputProblem } from './input-problem.ts';
import { describe, quote } from './input-problem.ts';
import { losslessInteger, parseLossless } from './lossless-json.ts';
import type { Signature, Tensor } from './tensor.ts';
import { writeTensorData } from './tensor-data.ts';

/** A parameter of the protocol; a bigint where a double would have changed the integer. */
type ParameterValue = string | number | bigint | boolean;
type Parameters = Readonly<Record<string, ParameterValue>>;

/** One inference, as Open Inference Protocol v2 words it. Without `outputs` the model gives all it has. */
export interface InferRequest {
  readonly id?: string;
  readonly parameters: Parameters;
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
}

export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly outputs: readonly Tensor[];
}

export interface InferLimits {
  /** Elements over all tensors together. */
  readonly maxElements: number;
  readonly maxTensors: number;
}
const DEFAULT_INFER_LIMITS: InferLimits = { maxElements: 16_777_216, maxTensors: 256 };

const problem = (path: string, code: string, message: string): InputProblem => ({ path, code, message });
const failed = (...problems: readonly InputProblem[]) => ({ ok: false, problems }) as const;

function parseBody(body: string | Uint8Array): Decoded<Record<string, unknown>> {
  let parsed: unknown;
  try {
    // `fatal`: a byte that is not UTF-8 must not reach a model as another character.
    const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true }).decode(body);
    parsed = parseLossless(text);
  } catch {
    return failed(problem('', 'not-json', 'the body is not JSON in UTF-8: check its syntax and encoding'));
  }
  if (isObject(parsed)) return { ok: true, value: parsed };
  return failed(problem('', 'not-an-object', `the body is ${describe(parsed)}; it must be a JSON object`));
}

function decodeParameters(found: unknown, problems: InputProblem[]): Parameters {
  if (found === undefined) return {};
  if (!isObject(found)) {
    problems.push(
      problem(
        '/parameters',
        'invalid-parameters',
        `"parameters" is ${describe(found)}; it must be an object`,
      ),
    );
    return {};
  }
  const scalars = new Map<string, ParameterValue>();
  for (const [name, value] of Object.entries(found)) {
    if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
      scalars.set(name, value as ParameterValue);
    } else {
      const message = `parameter ${quote(name)} is ${describe(value)}; it must be a string, number or boolean`;
      problems.push(problem('/parameters', 'invalid-parameters', message));
    }
  }
  return Object.fromEntries(scalars);
}

function decodeTensors(key: string, found: unknown, limits: InferLimits): Decoded<readonly Tensor[]> {
  const path = `/${key}`;
  if (!Array.isArray(found)) {
    return failed(
      problem(path, 'missing-tensors', `"${key}" is ${describe(found)}; it must be an array of tensors`),
    );
  }
  if (found.length > limits.maxTensors) {
    const message = `"${key}" has ${found.length} tensors; at most ${limits.maxTensors} are allowed`;
    return failed(problem(path, 'too-many-tensors', message));
  }
  let elementsLeft = limits.maxElements;
  const problems: InputProblem[] = [];
  const tensors = new Map<string, Tensor>();
  for (const [index, item] of found.entries()) {
    const at = `${path}/${index}`;
    const decoded = decodeTensor(at, item, elementsLeft);
    if (!decoded.ok) {
      problems.push(...decoded.problems);
    } else if (tensors.has(decoded.value.name)) {
      problems.push(problem(at, 'duplicate-name', `${quote(decoded.value.name)} is given twice in "${key}"`));
    } else {
      elementsLeft -= decoded.value.data.length;
      tensors.set(decoded.value.name, decoded.value);
    }
  }
  return problems.length > 0 ? failed(...problems) : { ok: true, value: [...tensors.values()] };
}

function decodeOutputNames(found: unknown, problems: InputProblem[]): readonly string[] | undefined {
  if (found === undefined) return undefined;
  if (Array.isArray(found)) {
    const names = found.map((item: unknown) => (isObject(item) ? item['name'] : undefined));
    // An empty list asks for nothing in particular, which the protocol reads as everything.
    if (names.every((name) => typeof name === 'string'))
      return names.length > 0 ? [...new Set(names)] : undefined;
  }
  problems.push(
    problem('/outputs', 'invalid-outputs', '"outputs" must be an array of objects with a "name" string'),
  );
  return undefined;
}

function decodeId(found: unknown, problems: InputProblem[]): string | undefined {
  if (found === undefined || typeof found === 'string') return found;
  problems.push(problem('/id', 'invalid-id', `"id" is ${describe(found)}; it must be a string`));
  return undefined;
}

/**
 * Reads the JSON form of an inference request and says everything that is wrong with it at once. 64-bit
 * integers arrive exactly; nothing is coerced; elements are bounded before anything is allocated for them.
 * Source: Open Inference Protocol v2, "Inference Request JSON Object".
 */
export function decodeInferRequest(
  body: string | Uint8Array,
  limits: InferLimits = DEFAULT_INFER_LIMITS,
): Decoded<InferRequest> {
  const parsed = parseBody(body);
  if (!parsed.ok) return parsed;
  const problems: InputProblem[] = [];
  const id = decodeId(parsed.value['id'], problems);
  const parameters = decodeParameters(parsed.value['parameters'], problems);
  const outputs = decodeOutputNames(parsed.value['outputs'], problems);
  const inputs = decodeTensors('inputs', parsed.value['inputs'], limits);
  if (!inputs.ok) return failed(...problems, ...inputs.problems);
  if (problems.length > 0) return failed(...problems);
  return {
    ok: true,
    value: { ...(id !== undefined && { id }), parameters, inputs: inputs.value, ...(outputs && { outputs }) },
  };
}

/** Reads another server's answer, by the same rules. */
export function decodeInferResponse(
  body: string | Uint8Array,
  limits: InferLimits = DEFAULT_INFER_LIMITS,
): Decoded<InferResponse> {
  const parsed = parseBody(body);
  if (!parsed.ok) return parsed;
  const { model_name: modelName, model_version: modelVersion } = parsed.value;
  const problems: InputProblem[] = [];
  const id = decodeId(parsed.value['id'], problems);
  const parameters = decodeParameters(parsed.value['parameters'], problems);
  const outputs = decodeTensors('outputs', parsed.value['outputs'], limits);
  if (typeof modelName !== 'string') {
    problems.push(problem('/model_name', 'missing-model-name', '"model_name" is missing from the answer'));
  }
  if (!outputs.ok) return failed(...problems, ...outputs.problems);
  if (problems.length > 0 || typeof modelName !== 'string') return failed(...problems);
  return {
    ok: true,
    value: {
      modelName,
      ...(typeof modelVersion === 'string' && { modelVersion }),
      ...(id !== undefined && { id }),
      parameters,
      outputs: outputs.value,
    },
  };
}

function writeTensors(tensors: readonly Tensor[]): Decoded<readonly unknown[]> {
  const written: unknown[] = [];
  for (const tensor of tensors) {
    const data = writeTensorData(tensor);
    if (!data.ok) return data;
    written.push({ name: tensor.name, datatype: tensor.datatype, shape: tensor.shape, data: data.value });
  }
  return { ok: true, value: written };
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

/** The JSON of a request to another server, or why a tensor of it has no JSON form. */
export function encodeInferRequest(request: InferRequest): Decoded<string> {
  const inputs = writeTensors(request.inputs);
  if (!inputs.ok) return inputs;
  const { id, outputs } = request;
  const body = {
    id,
    ...writeParameters(request.parameters),
    inputs: inputs.value,
    outputs: outputs?.map((name) => ({ name })),
  };
  return { ok: true, value: JSON.stringify(body) };
}

/** The JSON of an answer, or why a tensor of it has no JSON form (FP16, NaN, infinities). */
export function encodeInferResponse(response: InferResponse): Decoded<string> {
  const outputs = writeTensors(response.outputs);
  if (!outputs.ok) return outputs;
  const { modelName, modelVersion, id } = response;
  const body = {
    model_name: modelName,
    model_version: modelVersion,
    id,
    ...writeParameters(response.parameters),
    outputs: outputs.value,
  };
  return { ok: true, value: JSON.stringify(body) };
}

/** The protocol's "Model Metadata Response JSON Object". */
export function modelMetadata(model: {
  readonly name: string;
  readonly versions: readonly string[];
  readonly signature: Signature;
}) {
  const { name, versions, signature } = model;
  return { name, versions, platform: 'onnx_onnxv1', inputs: signature.inputs, outputs: signature.outputs };
}

import { decodeTensor, isObject } from './decode-tensor.ts';
import { BinaryPart, type InferBody, jsonOf } from './infer-body.ts';
import type { Decoded, InputProblem } from './input-problem.ts';
import { describe, quote } from './input-problem.ts';
import { parseLossless } from './lossless-json.ts';
import type { Tensor } from './tensor.ts';

/** A parameter of the protocol; a bigint where a double would have changed the integer. */
type ParameterValue = string | number | bigint | boolean;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** One inference, as Open Inference Protocol v2 words it. Without `outputs` the model gives all it has. */
export interface InferRequest {
  readonly id?: string;
  readonly parameters: Parameters;
  readonly inputs: readonly Tensor[];
  readonly outputs?: readonly string[];
  /** Outputs that are to be answered behind the JSON; `all` only where none were named. */
  readonly binaryOutputs?: BinaryOutputs;
}

export type BinaryOutputs = readonly string[] | 'all';

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

function parseBody(body: InferBody): Decoded<Record<string, unknown>> {
  let parsed: unknown;
  try {
    // `fatal`: a byte that is not UTF-8 must not reach a model as another character.
    parsed = parseLossless(new TextDecoder('utf-8', { fatal: true }).decode(jsonOf(body)));
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

interface TensorList {
  readonly limits: InferLimits;
  readonly body: InferBody;
}

function decodeTensors(
  key: string,
  found: unknown,
  { limits, body }: TensorList,
): Decoded<readonly Tensor[]> {
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
  const binary = new BinaryPart(body);
  const problems: InputProblem[] = [];
  const tensors = new Map<string, Tensor>();
  for (const [index, item] of found.entries()) {
    const at = `${path}/${index}`;
    const decoded = decodeTensor(at, item, { maxElements: elementsLeft, binary });
    if (!decoded.ok) {
      problems.push(...decoded.problems);
    } else if (tensors.has(decoded.value.name)) {
      problems.push(problem(at, 'duplicate-name', `${quote(decoded.value.name)} is given twice in "${key}"`));
    } else {
      elementsLeft -= decoded.value.data.length;
      tensors.set(decoded.value.name, decoded.value);
    }
  }
  if (problems.length === 0 && binary.left > 0) {
    const message = `${binary.left} bytes follow the last binary tensor`;
    problems.push(problem(path, 'trailing-bytes', message));
  }
  return problems.length > 0 ? failed(...problems) : { ok: true, value: [...tensors.values()] };
}

type RequestedOutputs = Pick<InferRequest, 'outputs' | 'binaryOutputs'>;

/** An empty list asks for nothing in particular, which the protocol reads as everything. */
function decodeOutputs(found: unknown, byDefault: boolean, problems: InputProblem[]): RequestedOutputs {
  if (found === undefined || (Array.isArray(found) && found.length === 0)) {
    return byDefault ? { binaryOutputs: 'all' } : {};
  }
  if (!Array.isArray(found)) {
    problems.push(
      problem('/outputs', 'invalid-outputs', `"outputs" is ${describe(found)}; it must be an array`),
    );
    return {};
  }
  const wanted = new Map<string, boolean>();
  for (const [index, item] of found.entries()) {
    const output = decodeOutput(item, byDefault);
    if (typeof output === 'string') problems.push(problem(`/outputs/${index}`, 'invalid-outputs', output));
    else wanted.set(output.name, output.binary);
  }
  const binary = [...wanted].filter(([, isBinary]) => isBinary).map(([name]) => name);
  return { outputs: [...wanted.keys()], ...(binary.length > 0 && { binaryOutputs: binary }) };
}

function decodeOutput(item: unknown, byDefault: boolean): { name: string; binary: boolean } | string {
  const name = isObject(item) ? item['name'] : undefined;
  if (!isObject(item) || typeof name !== 'string') return 'each of "outputs" must be an object with a "name"';
  const { parameters = {} } = item;
  if (!isObject(parameters)) return `the parameters of output ${quote(name)} must be an object`;
  if ('classification' in parameters)
    return `output ${quote(name)} asks for classification, which is not offered here`;
  const { binary_data: binary = byDefault } = parameters;
  if (typeof binary === 'boolean') return { name, binary };
  return `binary_data of output ${quote(name)} is ${describe(binary)}; it must be true or false`;
}

/** `binary_data_output` of the request: what holds for outputs that say nothing themselves. */
function decodeBinaryDefault(
  { binary_data_output: wanted = false }: Parameters,
  problems: InputProblem[],
): boolean {
  if (typeof wanted === 'boolean') return wanted;
  const message = `parameter "binary_data_output" is ${describe(wanted)}; it must be true or false`;
  problems.push(problem('/parameters/binary_data_output', 'invalid-parameters', message));
  return false;
}

function decodeId(found: unknown, problems: InputProblem[]): string | undefined {
  if (found === undefined || typeof found === 'string') return found;
  problems.push(problem('/id', 'invalid-id', `"id" is ${describe(found)}; it must be a string`));
  return undefined;
}

/**
 * Reads an inference request, with its binary tensors, and says everything that is wrong with it at once. 64-bit
 * integers arrive exactly; nothing is coerced; elements are bounded before anything is allocated for them.
 * Source: Open Inference Protocol v2, "Inference Request JSON Object"; Triton, "Binary Tensor Data Extension".
 */
export function decodeInferRequest(
  body: InferBody,
  limits: InferLimits = DEFAULT_INFER_LIMITS,
): Decoded<InferRequest> {
  const parsed = parseBody(body);
  if (!parsed.ok) return parsed;
  const problems: InputProblem[] = [];
  const id = decodeId(parsed.value['id'], problems);
  const parameters = decodeParameters(parsed.value['parameters'], problems);
  const byDefault = decodeBinaryDefault(parameters, problems);
  const outputs = decodeOutputs(parsed.value['outputs'], byDefault, problems);
  const inputs = decodeTensors('inputs', parsed.value['inputs'], { limits, body });
  if (!inputs.ok) return failed(...problems, ...inputs.problems);
  if (problems.length > 0) return failed(...problems);
  return {
    ok: true,
    value: { ...(id !== undefined && { id }), parameters, inputs: inputs.value, ...outputs },
  };
}

/** Reads another server's answer, by the same rules. */
export function decodeInferResponse(
  body: InferBody,
  limits: InferLimits = DEFAULT_INFER_LIMITS,
): Decoded<InferResponse> {
  const parsed = parseBody(body);
  if (!parsed.ok) return parsed;
  const { model_name: modelName, model_version: modelVersion } = parsed.value;
  const problems: InputProblem[] = [];
  const id = decodeId(parsed.value['id'], problems);
  const parameters = decodeParameters(parsed.value['parameters'], problems);
  const outputs = decodeTensors('outputs', parsed.value['outputs'], { limits, body });
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

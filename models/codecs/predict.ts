import { isObject } from './decode-tensor.ts';
import { type Decoded, describe, type InputProblem, quote } from './input-problem.ts';
import type { InferRequest } from './open-inference.ts';
import { elementCount, type Signature, type Tensor, type TensorSpec } from './tensor.ts';
import { readTensorData, writeTensorData } from './tensor-data.ts';

/** How a request gives its examples: one by one (`instances`), or input by input (`inputs`). */
export type PredictFormat = 'row' | 'column';

const MAX_RANK = 16;
const refuse = (path: string, code: string, message: string): { ok: false; problems: InputProblem[] } => ({
  ok: false,
  problems: [{ path, code, message }],
});

/** Null for a body that is in neither format, or in both. */
export function predictFormat(body: unknown): PredictFormat | null {
  if (!isObject(body) || ('instances' in body && 'inputs' in body)) return null;
  if ('instances' in body) return 'row';
  return 'inputs' in body ? 'column' : null;
}

/**
 * A `:predict` body as an inference. Source: TensorFlow Serving, "RESTful API" (row and column format; KServe v1
 * and Vertex AI take the row format). Names may be left out where the model has one input.
 */
export function decodePredictRequest(
  body: unknown,
  signature: Signature,
): Decoded<Pick<InferRequest, 'inputs'>> {
  const format = predictFormat(body);
  if (format === null || !isObject(body)) {
    return refuse('', 'no-instances', 'the body must be an object with either "instances" or "inputs"');
  }
  const columns =
    format === 'row' ? columnsOf(body['instances'], signature) : namedInputs(body['inputs'], signature);
  if (!columns.ok) return columns;
  const inputs: Tensor[] = [];
  const problems: InputProblem[] = [];
  for (const [name, value] of columns.value) {
    const spec = signature.inputs.find((input) => input.name === name);
    const read = spec === undefined ? unknownInput(name, signature) : readValue(spec, value);
    if (read.ok) inputs.push(read.value);
    else problems.push(...read.problems);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: { inputs } };
}

const unknownInput = (name: string, { inputs }: Signature) =>
  refuse(
    '',
    'unknown-input',
    `input ${quote(name)} is unknown: the model takes ${inputs.map((input) => quote(input.name)).join(', ')}`,
  );

type Columns = Decoded<ReadonlyMap<string, unknown>>;

/** Rows turned into one list per input. */
function columnsOf(instances: unknown, signature: Signature): Columns {
  if (!Array.isArray(instances) || instances.length === 0) {
    return refuse(
      '/instances',
      'no-instances',
      `"instances" is ${describe(instances)}; it must be a list of at least one example`,
    );
  }
  const columns = new Map<string, unknown[]>();
  for (const [index, instance] of instances.entries()) {
    const named = namedInputs(instance, signature);
    if (!named.ok) return named;
    for (const [name, value] of named.value) {
      const column = columns.get(name);
      if (column === undefined) columns.set(name, [value]);
      else column.push(value);
    }
    const short = [...columns].find(([, values]) => values.length !== index + 1);
    if (short !== undefined)
      return refuse(
        `/instances/${index}`,
        'uneven-instances',
        `input ${quote(short[0])} is not given in every instance`,
      );
  }
  return { ok: true, value: columns };
}

function namedInputs(value: unknown, { inputs }: Signature): Columns {
  if (isObject(value) && !('b64' in value)) return { ok: true, value: new Map(Object.entries(value)) };
  const [only] = inputs;
  if (inputs.length === 1 && only !== undefined) return { ok: true, value: new Map([[only.name, value]]) };
  const message = `the model has ${inputs.length} inputs: give an object with each of them by name`;
  return refuse('', 'unnamed-input', message);
}

function readValue({ name, datatype }: TensorSpec, value: unknown): Decoded<Tensor> {
  const shape: number[] = [];
  for (let at: unknown = value; Array.isArray(at) && shape.length <= MAX_RANK; at = at[0])
    shape.push(at.length);
  const flat: unknown[] = [];
  const visit = (item: unknown, depth: number): boolean => {
    if (depth === shape.length) return !Array.isArray(item) && flat.push(textOf(item)) > 0;
    return (
      Array.isArray(item) && item.length === shape[depth] && item.every((each) => visit(each, depth + 1))
    );
  };
  if (shape.length > MAX_RANK || !visit(value, 0)) {
    return refuse('', 'ragged-data', `input ${quote(name)}: nested lists must have one length at each level`);
  }
  const read = readTensorData(datatype, flat);
  if ('problem' in read) return refuse('', 'invalid-data', `input ${quote(name)}: ${read.problem}`);
  return { ok: true, value: { name, datatype, shape, data: read.data } };
}

/** `{"b64": …}` is how the protocol writes bytes; models here take them as UTF-8. */
function textOf(item: unknown): unknown {
  return isObject(item) && typeof item['b64'] === 'string'
    ? Buffer.from(item['b64'], 'base64').toString('utf8')
    : item;
}

/** Outputs as `{"predictions": …}` or `{"outputs": …}`; names are left out where there is one. Problems: no JSON form, or outputs without a row per instance. */
export function encodePredictions(outputs: readonly Tensor[], format: PredictFormat): Decoded<string> {
  const nested: [string, unknown][] = [];
  for (const tensor of outputs) {
    const data = writeTensorData(tensor);
    if (!data.ok) return data;
    nested.push([tensor.name, nest(data.value, tensor.shape)]);
  }
  const unnamed = nested.length === 1 ? nested[0]?.[1] : null;
  if (format === 'column') {
    return { ok: true, value: JSON.stringify({ outputs: unnamed ?? Object.fromEntries(nested) }) };
  }
  const rows = outputs[0]?.shape[0];
  if (rows === undefined || outputs.some(({ shape }) => shape[0] !== rows)) {
    return refuse(
      '/outputs',
      'no-rows',
      'the outputs do not have one row per instance: ask in the column format, with "inputs"',
    );
  }
  const predictions =
    unnamed ??
    Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(nested.map(([name, values]) => [name, (values as unknown[])[row]])),
    );
  return { ok: true, value: JSON.stringify({ predictions }) };
}

function nest(flat: readonly unknown[], shape: readonly number[]): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return flat[0];
  if (rest.length === 0) return flat;
  const width = elementCount(rest);
  return Array.from({ length }, (_, index) => nest(flat.slice(index * width, (index + 1) * width), rest));
}

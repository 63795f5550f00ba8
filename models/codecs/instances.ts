import { isObject } from './decode-tensor.ts';
import type { Decoded, InputProblem } from './input-problem.ts';
import { describe, quote } from './input-problem.ts';
import { losslessInteger, parseLossless } from './lossless-json.ts';
import { isDatatype } from './tensor.ts';

/**
 * Between the Open Inference Protocol and the older form of TensorFlow Serving, KServe v1 and Vertex AI:
 * `{instances: […]}` → `{predictions: […]}`. One row of the batch is one instance: the row itself where there is
 * one input, `{name: row}` where there are several. Numbers keep every digit.
 */

const failed = (path: string, code: string, message: string) =>
  ({ ok: false, problems: [{ path, code, message } satisfies InputProblem] }) as const;

const write = (value: unknown) =>
  JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? losslessInteger(part) : part));

interface Rows {
  readonly name: string;
  readonly rows: readonly unknown[];
}

export interface Instances {
  readonly body: string;
  /** The request's id, which the older form has no place for. */
  readonly id: string | undefined;
}

/** `{instances}` of an inference request, or what about the request has no such form. */
export function instancesOf(body: Buffer): Decoded<Instances> {
  let parsed: unknown;
  try {
    parsed = parseLossless(body.toString('utf8'));
  } catch {
    return failed('', 'not-json', 'the body is not JSON in UTF-8: check its syntax and encoding');
  }
  const inputs = isObject(parsed) ? parsed['inputs'] : undefined;
  if (!Array.isArray(inputs) || inputs.length === 0) {
    return failed(
      '/inputs',
      'missing-tensors',
      `"inputs" is ${describe(inputs)}; it must be an array of tensors`,
    );
  }
  const columns: Rows[] = [];
  for (const [index, input] of inputs.entries()) {
    const column = rowsOf(input, `/inputs/${index}`);
    if (!column.ok) return column;
    columns.push(column.value);
  }
  const instances = together(columns);
  if (!instances.ok) return instances;
  const id = isObject(parsed) ? parsed['id'] : undefined;
  return { ok: true, value: { body: instances.value, id: typeof id === 'string' ? id : undefined } };
}

function together(columns: readonly Rows[]): Decoded<string> {
  const [first, ...others] = columns;
  if (first === undefined) return failed('/inputs', 'missing-tensors', '"inputs" must not be empty');
  const count = first.rows.length;
  const odd = others.find(({ rows }) => rows.length !== count);
  if (odd !== undefined) {
    return failed(
      '/inputs',
      'batch-mismatch',
      `${quote(odd.name)} has ${odd.rows.length} rows and ${quote(first.name)} has ${count}: this target takes one row of each per instance`,
    );
  }
  const instances =
    others.length === 0
      ? first.rows
      : first.rows.map((_row, row) => Object.fromEntries(columns.map(({ name, rows }) => [name, rows[row]])));
  return { ok: true, value: write({ instances }) };
}

function rowsOf(input: unknown, path: string): Decoded<Rows> {
  if (!isObject(input))
    return failed(path, 'invalid-tensor', `the input is ${describe(input)}; it must be an object`);
  const { name, datatype, shape, data } = input;
  if (typeof name !== 'string' || !isDatatype(datatype) || !Array.isArray(shape) || !Array.isArray(data)) {
    return failed(path, 'invalid-tensor', 'an input needs "name", "datatype", "shape" and "data"');
  }
  if (shape.length === 0 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    return failed(`${path}/shape`, 'invalid-shape', '"shape" must begin with the number of rows');
  }
  const flat = data.flat(Number.POSITIVE_INFINITY);
  const elements = shape.reduce((product: number, size: number) => product * size, 1);
  if (flat.length !== elements) {
    return failed(
      `${path}/data`,
      'shape-mismatch',
      `${quote(name)} has ${flat.length} elements where its shape has ${elements}`,
    );
  }
  return { ok: true, value: { name, rows: nested(flat, shape) } };
}

/** Row-major elements as arrays within arrays. */
function nested(flat: readonly unknown[], [size = 0, ...inner]: readonly number[]): unknown[] {
  if (inner.length === 0) return [...flat];
  const width = flat.length / size;
  return Array.from({ length: size }, (_, row) => nested(flat.slice(row * width, (row + 1) * width), inner));
}

/**
 * An inference answer from `{predictions}`: one output named `predictions`, or one for each name where the
 * predictions are objects. Numbers become FP64 (JSON does not say more of them), text BYTES, true and false BOOL.
 */
export function answerOf(
  body: Buffer,
  {
    modelName,
    modelVersion,
    id,
  }: { readonly modelName: string; readonly modelVersion: string; readonly id: string | undefined },
): Decoded<string> {
  let parsed: unknown;
  try {
    parsed = parseLossless(body.toString('utf8'));
  } catch {
    return failed('', 'not-json', 'the answer is not JSON');
  }
  const predictions = isObject(parsed) ? parsed['predictions'] : undefined;
  if (!Array.isArray(predictions)) {
    return failed(
      '/predictions',
      'missing-predictions',
      `"predictions" is ${describe(predictions)}; it must be an array`,
    );
  }
  const outputs: unknown[] = [];
  for (const [name, rows] of outputsOf(predictions)) {
    const tensor = tensorOf(name, rows);
    if (!tensor.ok) return tensor;
    outputs.push(tensor.value);
  }
  return { ok: true, value: write({ model_name: modelName, model_version: modelVersion, id, outputs }) };
}

function outputsOf(predictions: readonly unknown[]): [string, unknown[]][] {
  const [first] = predictions;
  if (!isObject(first)) return [['predictions', [...predictions]]];
  return Object.keys(first).map((name) => [
    name,
    predictions.map((prediction) => (isObject(prediction) ? prediction[name] : undefined)),
  ]);
}

const DATATYPES: Readonly<Record<string, string>> = {
  number: 'FP64',
  bigint: 'FP64',
  string: 'BYTES',
  boolean: 'BOOL',
};

function tensorOf(name: string, rows: readonly unknown[]): Decoded<unknown> {
  const shape: number[] = [];
  for (let level: unknown = rows; Array.isArray(level); [level] = level) shape.push(level.length);
  const data = rows.flat(Number.POSITIVE_INFINITY);
  const datatype = DATATYPES[typeof data[0]] ?? 'FP64';
  const regular = hasShape(rows, shape);
  if (!regular || !data.every((value) => DATATYPES[typeof value] === datatype)) {
    return failed(
      '/predictions',
      'irregular',
      `the predictions of ${quote(name)} are not a tensor of one type`,
    );
  }
  return { ok: true, value: { name, datatype, shape, data } };
}

function hasShape(value: unknown, [size, ...inner]: readonly number[]): boolean {
  if (size === undefined) return !Array.isArray(value);
  return Array.isArray(value) && value.length === size && value.every((part) => hasShape(part, inner));
}

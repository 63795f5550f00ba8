import { readBinaryData } from './binary-tensor.ts';
import type { BinaryPart } from './infer-body.ts';
import { type Decoded, describe, quote } from './input-problem.ts';
import { type Datatype, elementCount, isDatatype, type Tensor, type TensorData } from './tensor.ts';
import { readTensorData } from './tensor-data.ts';

const MAX_RANK = 16;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShape(found: unknown): found is number[] {
  return (
    Array.isArray(found) &&
    found.length <= MAX_RANK &&
    found.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0)
  );
}

/** Elements of nested arrays, row-major; null when an array's length departs from the shape. */
function flatten(nested: readonly unknown[], shape: readonly number[]): readonly unknown[] | null {
  const flat: unknown[] = [];
  const visit = (items: readonly unknown[], depth: number): boolean => {
    if (items.length !== shape[depth]) return false;
    if (depth === shape.length - 1) {
      for (const item of items) flat.push(item);
      return true;
    }
    return items.every((item) => Array.isArray(item) && visit(item, depth + 1));
  };
  return visit(nested, 0) ? flat : null;
}

interface TensorSource {
  readonly maxElements: number;
  /** Where tensors with `binary_data_size` have their data. */
  readonly binary: BinaryPart;
}

/**
 * One tensor of a request or answer. `data` may be flat or nested as the shape is, or stand behind the JSON; the
 * shape is checked against `maxElements` before anything is allocated for it. The bytes of a binary tensor are
 * taken even when it is refused, so that those of the next one are its own.
 */
export function decodeTensor(
  path: string,
  found: unknown,
  { maxElements, binary }: TensorSource,
): Decoded<Tensor> {
  const refuse = (field: string, code: string, message: string): Decoded<never> => ({
    ok: false,
    problems: [{ path: `${path}${field}`, code, message }],
  });
  if (!isObject(found))
    return refuse('', 'not-a-tensor', `${path} is ${describe(found)}; it must be an object`);
  const { name, datatype, shape, data } = found;
  const sized = takeBinary(found, binary);
  if (typeof name !== 'string' || name === '') {
    return refuse('/name', 'missing-name', `${path}/name is ${describe(name)}; it must be the tensor's name`);
  }
  const tensor = `tensor ${quote(name)}`;
  if (!isDatatype(datatype)) {
    const given = typeof datatype === 'string' ? quote(datatype) : describe(datatype);
    return refuse(
      '/datatype',
      'unknown-datatype',
      `${tensor}: datatype is ${given}; it must be BOOL, (U)INT8–64, FP16–64 or BYTES`,
    );
  }
  if (!isShape(shape)) {
    const message = `${tensor}: shape must be an array of at most ${MAX_RANK} whole numbers, none below 0`;
    return refuse('/shape', 'invalid-shape', message);
  }
  const expected = elementCount(shape);
  if (expected > maxElements) {
    const message = `${tensor}: shape [${shape}] asks for ${expected} elements; ${maxElements} are left of the request's limit`;
    return refuse('/shape', 'too-many-elements', message);
  }
  const read =
    sized === null ? readJsonData(datatype, shape, data) : readSizedData(datatype, expected, { sized, data });
  return 'problem' in read
    ? refuse(read.field, read.code, `${tensor}: ${read.problem}`)
    : { ok: true, value: { name, datatype, shape, data: read.data } };
}

type Read =
  | { readonly data: TensorData }
  | { readonly field: string; readonly code: string; readonly problem: string };

const badData = (code: string, problem: string): Read => ({ field: '/data', code, problem });
const badSize = (problem: string): Read => ({
  field: '/parameters/binary_data_size',
  code: 'invalid-binary-data',
  problem,
});

/** Null for a tensor with its data in the JSON; else its bytes, or what is wrong with their number. */
function takeBinary(found: Record<string, unknown>, binary: BinaryPart): Uint8Array | string | null {
  const { parameters } = found;
  const size = isObject(parameters) ? parameters['binary_data_size'] : undefined;
  if (size === undefined) return null;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return `binary_data_size is ${describe(size)}; it must be a whole number of bytes`;
  }
  const { left } = binary;
  return binary.take(size) ?? `binary_data_size is ${size}; ${left} bytes are left behind the JSON`;
}

function readSizedData(
  datatype: Datatype,
  count: number,
  { sized, data }: { readonly sized: Uint8Array | string; readonly data: unknown },
): Read {
  if (typeof sized === 'string') return badSize(sized);
  if (data !== undefined) return badSize('has both data and binary_data_size; give one of them');
  const read = readBinaryData(datatype, sized, count);
  return 'problem' in read ? badSize(read.problem) : read;
}

function readJsonData(datatype: Datatype, shape: readonly number[], data: unknown): Read {
  if (!Array.isArray(data)) {
    return badData('missing-data', `data is ${describe(data)}; it must be an array`);
  }
  const nested = shape.length > 1 && Array.isArray(data[0]);
  const values = nested ? flatten(data, shape) : data;
  const expected = elementCount(shape);
  if (values === null || values.length !== expected) {
    const given = nested ? 'its nested arrays depart from that' : `it holds ${data.length}`;
    return badData('shape-mismatch', `shape [${shape}] needs ${expected} elements in data; ${given}`);
  }
  const read = readTensorData(datatype, values);
  return 'problem' in read ? badData('invalid-data', read.problem) : read;
}

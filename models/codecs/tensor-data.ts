import { type Decoded, describe } from './input-problem.ts';
import { losslessInteger } from './lossless-json.ts';
import { type Datatype, TENSOR_ARRAYS, type Tensor, type TensorData } from './tensor.ts';

type Result = { readonly data: TensorData } | { readonly problem: string };
type Reader = (values: readonly unknown[]) => Result;

const refuse = (index: number, value: unknown, wanted: string): Result => ({
  problem: `element ${index} is ${describe(value)}; it must be ${wanted}`,
});

function integers(type: 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32'): Reader {
  const bits = TENSOR_ARRAYS[type].BYTES_PER_ELEMENT * 8;
  const [min, max] = type.startsWith('U') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return (values) => {
    const data = new TENSOR_ARRAYS[type](values.length);
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
        return refuse(index, value, `a whole number from ${min} to ${max} (${type})`);
      }
      data[index] = value;
    }
    return { data };
  };
}

/** `null` for what is no integer, or one that was rounded before it came here (`9007199254740993.0`). */
function exactInteger(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : null;
}

function longIntegers(type: 'INT64' | 'UINT64'): Reader {
  const [min, max] = type === 'UINT64' ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
  return (values) => {
    const data = new TENSOR_ARRAYS[type](values.length);
    for (let index = 0; index < values.length; index += 1) {
      const value = exactInteger(values[index]);
      if (value === null || value < min || value > max) {
        return refuse(
          index,
          values[index],
          `a whole number from ${min} to ${max}, in plain digits (${type})`,
        );
      }
      data[index] = value;
    }
    return { data };
  };
}

function floats(type: 'FP32' | 'FP64'): Reader {
  return (values) => {
    const data = new TENSOR_ARRAYS[type](values.length);
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      // Only numbers: null, text and booleans would silently turn into NaN, 0 or 1.
      if (typeof value !== 'number' && typeof value !== 'bigint')
        return refuse(index, value, `a number (${type})`);
      data[index] = Number(value);
      if (!Number.isFinite(data[index])) return refuse(index, value, `within the range of ${type}`);
    }
    return { data };
  };
}

function booleans(values: readonly unknown[]): Result {
  const data = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== 'boolean') return refuse(index, value, 'true or false (BOOL)');
    data[index] = value ? 1 : 0;
  }
  return { data };
}

function texts(values: readonly unknown[]): Result {
  const data: string[] = [];
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'string') return refuse(index, value, 'a string (BYTES)');
    // A lone surrogate has no UTF-8 form: it would reach the model as another character.
    if (!value.isWellFormed()) return refuse(index, value, 'well-formed Unicode (BYTES)');
    data.push(value);
  }
  return { data };
}

const READERS: Readonly<Record<Datatype, Reader>> = {
  BOOL: booleans,
  UINT8: integers('UINT8'),
  UINT16: integers('UINT16'),
  UINT32: integers('UINT32'),
  UINT64: longIntegers('UINT64'),
  INT8: integers('INT8'),
  INT16: integers('INT16'),
  INT32: integers('INT32'),
  INT64: longIntegers('INT64'),
  FP16: () => ({
    problem: 'FP16 has no JSON form: send it behind the JSON, with binary_data_size',
  }),
  FP32: floats('FP32'),
  FP64: floats('FP64'),
  BYTES: texts,
};

/**
 * Elements of a JSON array as a tensor's data, or the first thing wrong with them. Nothing is coerced: a
 * null, a string, a fraction or a number out of range is refused.
 */
export function readTensorData(datatype: Datatype, values: readonly unknown[]): Result {
  return READERS[datatype](values);
}

/** A tensor's elements as JSON.stringify writes them without loss. Refuses FP16, NaN and infinities. */
export function writeTensorData({ name, datatype, data }: Tensor): Decoded<readonly unknown[]> {
  const refused = (message: string): Decoded<never> => ({
    ok: false,
    problems: [{ path: '/outputs', code: 'no-json-form', message: `tensor "${name}": ${message}` }],
  });
  if (datatype === 'FP16') return refused('FP16 has no JSON form: ask for it with "binary_data": true');
  if (datatype === 'BOOL') return { ok: true, value: Array.from<unknown, boolean>(data, (bit) => bit === 1) };
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return { ok: true, value: Array.from(data, losslessInteger) };
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let index = 0; index < data.length; index += 1) {
      if (!Number.isFinite(data[index]))
        return refused(`element ${index} is ${data[index]}, which JSON cannot hold`);
    }
  }
  return { ok: true, value: Array.from<unknown>(data) };
}

import { type Decoded, describe, quote } from './input-problem.ts';
import { elementCount, isDatatype, type Tensor } from './tensor.ts';
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

/**
 * One tensor of a request or answer. `data` may be flat or nested as the shape is; the shape is checked
 * against `maxElements` before anything is allocated for it.
 */
export function decodeTensor(path: string, found: unknown, maxElements: number): Decoded<Tensor> {
  const refuse = (field: string, code: string, message: string): Decoded<never> => ({
    ok: false,
    problems: [{ path: `${path}${field}`, code, message }],
  });
  if (!isObject(found))
    return refuse('', 'not-a-tensor', `${path} is ${describe(found)}; it must be an object`);
  const { name, datatype, shape, data } = found;
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
  if (!Array.isArray(data)) {
    const hint = data === undefined ? ' (the binary tensor extension is not offered here)' : '';
    return refuse(
      '/data',
      'missing-data',
      `${tensor}: data is ${describe(data)}; it must be an array${hint}`,
    );
  }
  const nested = shape.length > 1 && Array.isArray(data[0]);
  const values = nested ? flatten(data, shape) : data;
  if (values === null || values.length !== expected) {
    const given = nested ? 'its nested arrays depart from that' : `it holds ${data.length}`;
    return refuse(
      '/data',
      'shape-mismatch',
      `${tensor}: shape [${shape}] needs ${expected} elements in data; ${given}`,
    );
  }
  const read = readTensorData(datatype, values);
  if ('problem' in read) return refuse('/data', 'invalid-data', `${tensor}: ${read.problem}`);
  return { ok: true, value: { name, datatype, shape, data: read.data } };
}

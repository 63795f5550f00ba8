import type { InferBody } from './infer-body.ts';
import type { Decoded } from './input-problem.ts';
import { elementCount, type Signature, TENSOR_ARRAYS, type TensorSpec } from './tensor.ts';

/** Of an element of BYTES, before it. */
const LENGTH_BYTES = 4;

/**
 * A body without JSON as the request that it stands for: all of it is the model's one input, and every output is
 * wanted in binary form. Of the shape one dimension may be open, which the size of the body tells, beside a first one
 * that is taken for a batch of one; text is one element, without its length.
 * Source: Triton, "Binary Tensor Data Extension", raw binary request.
 */
export function fromRawRequest(bytes: Buffer, { inputs }: Signature): Decoded<InferBody> {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    return refused(`a body without JSON is one tensor, and this model takes ${inputs.length}: describe them`);
  }
  const shape = shapeOf(input, bytes.length);
  if (shape === null) {
    const { datatype } = input;
    return refused(
      `${bytes.length} bytes are no ${datatype} tensor of shape [${input.shape}]: send its shape in JSON`,
    );
  }
  const data = input.datatype === 'BYTES' ? [lengthOf(bytes), bytes] : [bytes];
  const size = data.reduce((sum, part) => sum + part.length, 0);
  const { name, datatype } = input;
  const described = { name, datatype, shape, parameters: { binary_data_size: size } };
  const json = Buffer.from(JSON.stringify({ inputs: [described], parameters: { binary_data_output: true } }));
  return { ok: true, value: { bytes: Buffer.concat([json, ...data]), jsonBytes: json.length } };
}

const refused = (message: string): Decoded<InferBody> => ({
  ok: false,
  problems: [{ path: '', code: 'raw-request', message }],
});

/** The shape that so many bytes have; null where they have none, or more than one. */
function shapeOf({ datatype, shape }: TensorSpec, size: number): number[] | null {
  const isOpen = (dimension: number) => dimension < 0;
  const [first = 1, ...others] = shape;
  const batch = isOpen(first) && others.some(isOpen) ? [1, ...others] : [...shape];
  const open = batch.findIndex(isOpen);
  if (open !== batch.findLastIndex(isOpen)) return null;
  const rest = elementCount(batch.map((dimension) => (isOpen(dimension) ? 1 : dimension)));
  const count = datatype === 'BYTES' ? 1 : size / TENSOR_ARRAYS[datatype].BYTES_PER_ELEMENT;
  const missing = count / rest;
  if (!Number.isInteger(missing) || (open === -1 && missing !== 1)) return null;
  return batch.map((dimension) => (isOpen(dimension) ? missing : dimension));
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return length;
}

import { elementCount, TENSOR_ARRAYS, type Tensor, type TensorData } from '../codecs/tensor.ts';

/** Requests of one key can be one run: the same inputs, alike in all but the number of rows. */
export function batchKey(inputs: readonly Tensor[]): string {
  return inputs
    .map(({ name, datatype, shape }) => `${name}:${datatype}:${shape.slice(1)}`)
    .sort()
    .join(';');
}

/** How many rows the inputs have; null where they disagree, or one of them has none. */
export function rowsOf(inputs: readonly Tensor[]): number | null {
  const [rows] = inputs[0]?.shape ?? [];
  return rows !== undefined && inputs.every(({ shape }) => shape[0] === rows) ? rows : null;
}

/** Inputs of one key, the rows of each request behind those of the one before. */
export function stackInputs(requests: readonly (readonly Tensor[])[]): Tensor[] {
  const [first = []] = requests;
  return first.map(({ name, datatype, shape }) => {
    const parts = requests
      .map((inputs) => inputs.find((input) => input.name === name))
      .filter((part) => part !== undefined);
    if (parts.length < requests.length) throw new RangeError(`a request of the batch has no input "${name}"`);
    const rows = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
    const stacked = [rows, ...shape.slice(1)];
    return { name, datatype, shape: stacked, data: concatenate(datatype, parts, elementCount(stacked)) };
  });
}

function concatenate(datatype: Tensor['datatype'], parts: readonly Tensor[], count: number): TensorData {
  if (datatype === 'BYTES') return parts.flatMap(({ data }) => data as readonly string[]);
  const whole = new TENSOR_ARRAYS[datatype](count);
  let at = 0;
  for (const { data } of parts) {
    // The parts have the array of their datatype, as the whole has; the library's types tell the twelve apart.
    (whole as Float32Array).set(data as Float32Array, at);
    at += data.length;
  }
  return whole;
}

/** The outputs of a batch, to each request its own rows. Throws RangeError where an output has other rows than went in. */
export function splitOutputs(outputs: readonly Tensor[], rows: readonly number[]): Tensor[][] {
  const total = rows.reduce((sum, count) => sum + count, 0);
  const odd = outputs.find(({ shape }) => shape[0] !== total);
  if (odd !== undefined)
    throw new RangeError(`output "${odd.name}" has shape [${odd.shape}] for ${total} rows`);
  let from = 0;
  return rows.map((count) => {
    const [start, end] = [from, from + count];
    from = end;
    return outputs.map((output) => rowsFrom(output, { start, end }));
  });
}

function rowsFrom(
  { name, datatype, shape, data }: Tensor,
  { start, end }: { start: number; end: number },
): Tensor {
  const width = elementCount(shape.slice(1));
  // A copy, not a view: each request's outputs leave this thread by themselves.
  return {
    name,
    datatype,
    shape: [end - start, ...shape.slice(1)],
    data: data.slice(start * width, end * width),
  };
}

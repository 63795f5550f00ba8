import { elementCount, TENSOR_ARRAYS, type Tensor, type TensorSpec } from '../codecs/tensor.ts';

/** The smallest input that fits: 1 for every dimension that a request chooses, zeros and empty strings. */
export function syntheticInput({ name, datatype, shape: declared }: TensorSpec): Tensor {
  const shape = declared.map((dimension) => (dimension === -1 ? 1 : dimension));
  const count = elementCount(shape);
  const data = datatype === 'BYTES' ? new Array<string>(count).fill('') : new TENSOR_ARRAYS[datatype](count);
  return { name, datatype, shape, data };
}

/** The same shape, filled with values that differ from element to element and from seed to seed. */
export function variedInput(spec: TensorSpec, seed: number): Tensor {
  const { name, datatype, shape, data } = syntheticInput(spec);
  const varied = Array.from(data as ArrayLike<unknown>, (_, index) =>
    variedValue(datatype, 7 * seed + 3 * index + 1),
  );
  if (datatype === 'BYTES') return { name, datatype, shape, data: varied.map(String) };
  return { name, datatype, shape, data: Reflect.construct(TENSOR_ARRAYS[datatype], [varied]) };
}

/** Small positive numbers: indices and lengths in range for most models, halves as the bits of 1.0 and up. */
function variedValue(datatype: Tensor['datatype'], step: number): unknown {
  switch (datatype) {
    case 'BYTES':
      return `value ${step}`;
    case 'BOOL':
      return step % 2;
    case 'INT64':
    case 'UINT64':
      return BigInt(step % 5);
    case 'FP16':
      return 0x3c00 + (step % 64);
    case 'FP32':
    case 'FP64':
      return (step % 11) / 4 - 1;
    default:
      return step % 5;
  }
}

/** The array that holds the elements of each datatype of the Open Inference Protocol, row-major. */
export const TENSOR_ARRAYS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  /** The bits of an IEEE 754 half, since not every runtime has a Float16Array. */
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

type NumericDatatype = keyof typeof TENSOR_ARRAYS;
/** `BYTES` elements are text here: neither JSON nor the runtime's strings carry anything else. */
export type Datatype = NumericDatatype | 'BYTES';
export const DATATYPES = [...(Object.keys(TENSOR_ARRAYS) as NumericDatatype[]), 'BYTES'] as const;
type NumericData = InstanceType<(typeof TENSOR_ARRAYS)[NumericDatatype]>;
export type TensorData = NumericData | readonly string[];

/** A named value: `data` holds the product of `shape` elements, row-major, in the datatype's array. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a model says of one input or output; -1 stands for a dimension that the request chooses. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** What a model version takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Number of elements of a shape; 1 for a scalar's `[]`. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

export function isDatatype(text: unknown): text is Datatype {
  return text === 'BYTES' || (typeof text === 'string' && Object.hasOwn(TENSOR_ARRAYS, text));
}

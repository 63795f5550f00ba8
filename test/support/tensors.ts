import fc from 'fast-check';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { type Datatype, elementCount, TENSOR_ARRAYS, type Tensor } from '../../models/codecs/tensor.ts';

const ELEMENTS: Readonly<Record<Datatype, fc.Arbitrary<unknown>>> = {
  BOOL: fc.constantFrom(0, 1),
  UINT8: fc.integer({ min: 0, max: 2 ** 8 - 1 }),
  UINT16: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  UINT32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  UINT64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  INT8: fc.integer({ min: -(2 ** 7), max: 2 ** 7 - 1 }),
  INT16: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  INT32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  INT64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FP16: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
  // JSON.stringify writes -0 as 0; the protocol gives the sign of zero no meaning.
  FP32: fc.float({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  FP64: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  BYTES: fc.string({ unit: 'binary' }),
};

const tensor = (datatypes: readonly Datatype[]): fc.Arbitrary<Tensor> =>
  fc
    .record({
      name: fc.string({ minLength: 1 }),
      datatype: fc.constantFrom(...datatypes),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    })
    .chain(({ name, datatype, shape }) => {
      const count = elementCount(shape);
      return fc
        .array(ELEMENTS[datatype], { minLength: count, maxLength: count })
        .map((elements) => ({ name, datatype, shape, data: dataOf(datatype, elements) }));
    });

function dataOf(datatype: Datatype, elements: readonly unknown[]): Tensor['data'] {
  if (datatype === 'BYTES') return elements.map(String);
  return Reflect.construct(TENSOR_ARRAYS[datatype], [elements]);
}

/** Up to four tensors of different names, of every datatype that the form of the protocol can carry. */
export function tensorsOf(form: 'JSON' | 'binary'): fc.Arbitrary<Tensor[]> {
  const all = Object.keys(ELEMENTS) as Datatype[];
  const carried = form === 'binary' ? all : all.filter((datatype) => datatype !== 'FP16');
  return fc.uniqueArray(tensor(carried), { selector: ({ name }) => name, maxLength: 4 });
}

export const parameters = fc.dictionary(
  fc.string(),
  fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n })),
);

/** A body that is JSON from beginning to end. */
export function jsonBody(json: string | Uint8Array): InferBody {
  return { bytes: Buffer.from(json), jsonBytes: null };
}

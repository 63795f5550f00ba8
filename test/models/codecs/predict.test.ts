import { describe, expect, it } from 'vitest';
import { errorBody } from '../../../models/codecs/input-problem.ts';
import { parseLossless } from '../../../models/codecs/lossless-json.ts';
import { decodePredictRequest, encodePredictions } from '../../../models/codecs/predict.ts';
import type { Signature, Tensor } from '../../../models/codecs/tensor.ts';

const one: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }], outputs: [] };
const two: Signature = {
  inputs: [
    { name: 'id', datatype: 'INT64', shape: [-1] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
  ],
  outputs: [],
};
const decode = (body: string, signature: Signature) => decodePredictRequest(parseLossless(body), signature);
const inputs = (body: string, signature: Signature) => {
  const result = decode(body, signature);
  return result.ok ? result.value.inputs : errorBody(result.problems).error;
};
const y = (shape: number[], data: number[], name = 'y'): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: Float32Array.from(data),
});
const text = (outputs: Tensor[], format: 'row' | 'column') => {
  const encoded = encodePredictions(outputs, format);
  return encoded.ok ? JSON.parse(encoded.value) : errorBody(encoded.problems).error;
};

// Source of the formats: TensorFlow Serving, "RESTful API", "Predict API".
describe('the :predict protocol', () => {
  it('reads instances as rows, with and without the name of an only input', () => {
    const expected = [{ name: 'x', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }];
    expect(inputs('{"instances":[[1,2],[3,4]]}', one)).toEqual(expected);
    expect(inputs('{"instances":[{"x":[1,2]},{"x":[3,4]}]}', one)).toEqual(expected);
  });

  it('reads inputs as columns, 64-bit integers exact and bytes in base64', () => {
    const expected = [
      { name: 'id', datatype: 'INT64', shape: [2], data: BigInt64Array.of(9007199254740993n, 1n) },
      { name: 'text', datatype: 'BYTES', shape: [2], data: ['é', ''] },
    ];
    expect(inputs('{"inputs":{"id":[9007199254740993,1],"text":[{"b64":"w6k="},""]}}', two)).toEqual(
      expected,
    );
    expect(
      inputs(
        '{"instances":[{"id":9007199254740993,"text":"é"},{"id":1,"text":""}],"signature_name":"x"}',
        two,
      ),
    ).toEqual(expected);
  });

  it('reads a scalar, and a deeper list than the model takes, as what they are', () => {
    expect(inputs('{"inputs":{"id":7,"text":["a"]}}', two)).toMatchObject([{ shape: [] }, { shape: [1] }]);
    expect(inputs('{"instances":[[[1,2]]]}', one)).toMatchObject([{ shape: [1, 1, 2] }]);
  });

  it.each([
    ['neither format', '{}', one, 'either "instances" or "inputs"'],
    ['both formats', '{"instances":[1],"inputs":1}', one, 'either "instances" or "inputs"'],
    ['no instance', '{"instances":[]}', one, 'at least one example'],
    ['ragged lists', '{"instances":[[1,2],[3]]}', one, 'one length at each level'],
    ['an unknown name', '{"instances":[{"z":1}]}', one, 'input "z" is unknown'],
    [
      'a name missing in one row',
      '{"instances":[{"id":1,"text":""},{"id":2}]}',
      two,
      'not given in every instance',
    ],
    ['no names for two inputs', '{"instances":[1]}', two, 'each of them by name'],
    ['a value of another type', '{"instances":[["a",1]]}', one, 'a string'],
  ])('refuses %s', (_what, body, signature, message) => {
    expect(inputs(body, signature)).toContain(message);
  });

  it('writes predictions by row, and outputs by column', () => {
    expect(text([y([2, 2], [1, 2, 3, 4])], 'row')).toEqual({
      predictions: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(text([y([2], [1, 2]), y([2, 1], [3, 4], 'z')], 'row')).toEqual({
      predictions: [
        { y: 1, z: [3] },
        { y: 2, z: [4] },
      ],
    });
    expect(text([y([2], [1, 2]), y([], [3], 'z')], 'column')).toEqual({ outputs: { y: [1, 2], z: 3 } });
    expect(text([y([2], [1, 2]), y([], [3], 'z')], 'row')).toContain('one row per instance');
    expect(text([y([1], [Number.NaN])], 'row')).toContain('NaN');
  });
});

import { describe, expect, it } from 'vitest';
import type { Signature, Tensor } from '../../../models/codecs/tensor.ts';
import { validateAgainstSignature } from '../../../models/codecs/validate-against-signature.ts';

const signature: Signature = {
  inputs: [
    { name: 'features', datatype: 'FP32', shape: [-1, 2] },
    { name: 'country', datatype: 'BYTES', shape: [-1] },
  ],
  outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1] }],
};
const features: Tensor = { name: 'features', datatype: 'FP32', shape: [1, 2], data: new Float32Array(2) };
const country: Tensor = { name: 'country', datatype: 'BYTES', shape: [1], data: ['FR'] };
const check = (inputs: readonly Tensor[], outputs?: readonly string[]) =>
  validateAgainstSignature({ parameters: {}, inputs, ...(outputs && { outputs }) }, signature);

describe('validating a request against a signature', () => {
  it('takes any size of a dynamic dimension, inputs in any order, and selected outputs', () => {
    const more: Tensor = { ...features, shape: [9, 2], data: new Float32Array(18) };
    expect(check([country, more], ['scores'])).toEqual([]);
  });

  it.each([
    ['datatype', { ...features, datatype: 'FP64' as const }, 'input "features" expects FP32, found FP64'],
    ['rank', { ...features, shape: [2] }, 'input "features" expects shape [-1, 2] (-1: any), found [2]'],
    [
      'dimension',
      { ...features, shape: [1, 3] },
      'input "features" expects shape [-1, 2] (-1: any), found [1, 3]',
    ],
  ])('names input, expected and found for a wrong %s', (_what, input, message) => {
    expect(check([input, country])).toEqual([{ path: '/inputs/0', code: 'signature-mismatch', message }]);
  });

  it('says which inputs are missing and which the model does not know', () => {
    expect(check([{ ...features, name: 'feature' }, country]).map(({ message }) => message)).toEqual([
      'input "features" is missing: expects FP32 [-1, 2]',
      'input "feature" is unknown: the model takes "features", "country"',
    ]);
  });

  it('refuses an output that the model does not give', () => {
    expect(check([features, country], ['scores', 'classes'])).toMatchObject([
      { path: '/outputs/1', code: 'unknown-output' },
    ]);
  });
});

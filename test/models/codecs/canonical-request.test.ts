import { describe, expect, it } from 'vitest';
import { canonicalDigest } from '../../../models/codecs/canonical-request.ts';
import { decodeInferRequest } from '../../../models/codecs/open-inference.ts';
import { jsonBody } from '../../support/tensors.ts';

const digest = (json: object) => {
  const decoded = decodeInferRequest(jsonBody(JSON.stringify(json)));
  return decoded.ok ? canonicalDigest(decoded.value) : 'refused';
};
const a = { name: 'a', datatype: 'FP32', shape: [2, 1], data: [1, 2] };
const b = { name: 'b', datatype: 'BYTES', shape: [2], data: ['x', 'yz'] };
const base = digest({ inputs: [a, b] });

describe('the digest of a request', () => {
  it.each([
    ['the order of the inputs', { inputs: [b, a] }],
    ['nested or flat data', { inputs: [{ ...a, data: [[1], [2]] }, b] }],
    ['an id', { id: '7', inputs: [a, b] }],
    ['the unit and its context', { parameters: { unit_id: 'u', 'context.country': 'DE' }, inputs: [a, b] }],
  ])('does not depend on %s', (_what, request) => {
    expect(digest(request)).toBe(base);
  });

  it.each([
    ['a value', { inputs: [{ ...a, data: [1, 3] }, b] }],
    ['a shape', { inputs: [{ ...a, shape: [1, 2] }, b] }],
    ['a datatype', { inputs: [{ ...a, datatype: 'INT32' }, b] }],
    ['where one text ends', { inputs: [a, { ...b, data: ['xy', 'z'] }] }],
    ['the outputs that are wanted', { inputs: [a, b], outputs: [{ name: 'y' }] }],
    ['their form', { inputs: [a, b], parameters: { binary_data_output: true } }],
    ['a parameter of the model', { inputs: [a, b], parameters: { temperature: 1 } }],
  ])('depends on %s', (_what, request) => {
    expect(digest(request)).not.toBe(base);
  });

  it('is none for a request of a sequence', () => {
    expect(digest({ inputs: [a], parameters: { sequence_id: 1 } })).toBeNull();
  });
});

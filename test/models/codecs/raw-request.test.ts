import { describe, expect, it } from 'vitest';
import { decodeInferRequest } from '../../../models/codecs/open-inference.ts';
import { fromRawRequest } from '../../../models/codecs/raw-request.ts';
import type { Datatype } from '../../../models/codecs/tensor.ts';

const signature = (datatype: Datatype, ...shapes: number[][]) => ({
  inputs: shapes.map((shape, index) => ({ name: `x${index}`, datatype, shape })),
  outputs: [],
});

/** The request that a raw body stands for; null where it stands for none. */
function requestOf(bytes: Buffer, ...of: Parameters<typeof signature>) {
  const body = fromRawRequest(bytes, signature(...of));
  if (!body.ok) return null;
  const request = decodeInferRequest(body.value);
  return request.ok ? request.value : null;
}
const shapeOf = (bytes: number, shape: number[]) =>
  requestOf(Buffer.alloc(bytes), 'FP32', shape)?.inputs[0]?.shape;

describe('a request without JSON', () => {
  it('is the one input, its outputs wanted as bytes', () => {
    const request = requestOf(Buffer.from(Int32Array.of(1, -2, 3).buffer), 'INT32', [-1]);
    expect(request?.inputs).toEqual([
      { name: 'x0', datatype: 'INT32', shape: [3], data: Int32Array.of(1, -2, 3) },
    ]);
    expect(request?.parameters).toMatchObject({ binary_data_output: true });
  });

  it('has the shape that its size tells, where one dimension is open beside a batch of one', () => {
    expect(shapeOf(24, [-1, 3])).toEqual([2, 3]);
    expect(shapeOf(24, [2, -1])).toEqual([2, 3]);
    expect(shapeOf(24, [-1, -1])).toEqual([1, 6]);
    expect(shapeOf(24, [-1, -1, 2])).toEqual([1, 3, 2]);
    expect(shapeOf(24, [2, 3])).toEqual([2, 3]);
    expect(shapeOf(4, [])).toEqual([]);
  });

  it('is none where its size tells nothing, or the wrong thing', () => {
    expect(shapeOf(24, [-1, 5])).toBeUndefined();
    expect(shapeOf(24, [2, 2])).toBeUndefined();
    expect(shapeOf(24, [-1, -1, -1])).toBeUndefined();
    expect(requestOf(Buffer.alloc(8), 'FP32', [-1], [-1])).toBeNull();
  });

  it('is one element of text, whatever its length', () => {
    expect(requestOf(Buffer.from('Zürich'), 'BYTES', [-1])?.inputs).toMatchObject([
      { shape: [1], data: ['Zürich'] },
    ]);
    expect(requestOf(Buffer.from('Zürich'), 'BYTES', [1, 1])?.inputs[0]?.shape).toEqual([1, 1]);
    expect(requestOf(Buffer.from('a'), 'BYTES', [2])).toBeNull();
  });
});

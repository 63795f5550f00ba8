import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InferBody, inferBody } from '../../../models/codecs/infer-body.ts';
import { errorBody } from '../../../models/codecs/input-problem.ts';
import { decodeInferRequest, decodeInferResponse } from '../../../models/codecs/open-inference.ts';
import { encodeInferResponse, renameInferResponse } from '../../../models/codecs/write-open-inference.ts';
import { tensorsOf } from '../../support/tensors.ts';

/** A request whose one input has `size` of the bytes behind the JSON. */
function request(
  datatype: string,
  shape: number[],
  bytes: Uint8Array,
  size: unknown = bytes.length,
): InferBody {
  const input = { name: 'x', datatype, shape, parameters: { binary_data_size: size } };
  const json = Buffer.from(JSON.stringify({ inputs: [input] }));
  return { bytes: Buffer.concat([json, bytes]), jsonBytes: json.length };
}
const refusal = (body: InferBody) => {
  const result = decodeInferRequest(body);
  return result.ok ? 'accepted' : errorBody(result.problems).error;
};
const dataOf = (body: InferBody) => {
  const result = decodeInferRequest(body);
  return result.ok ? result.value.inputs[0]?.data : errorBody(result.problems);
};

describe('the binary tensor extension', () => {
  it('gives back every answer that it has written, any of its outputs behind the JSON', () => {
    fc.assert(
      fc.property(tensorsOf('binary'), fc.infiniteStream(fc.boolean()), (outputs, coins) => {
        const response = { modelName: 'm', modelVersion: 'v1', id: '7', parameters: {}, outputs };
        const binary = outputs
          .filter(({ datatype }) => datatype === 'FP16' || coins.next().value)
          .map(({ name }) => name);
        const encoded = encodeInferResponse(response, binary);
        expect(encoded.ok && decodeInferResponse(encoded.value)).toEqual({ ok: true, value: response });
      }),
      { numRuns: 300 },
    );
  });

  it('reads tensors in JSON and behind it in one request, whatever their alignment', () => {
    const inputs = [
      { name: 'a', datatype: 'UINT8', shape: [1], parameters: { binary_data_size: 1 } },
      { name: 'b', datatype: 'FP32', shape: [1], data: [2] },
      { name: 'c', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
    ];
    const json = Buffer.from(JSON.stringify({ inputs }));
    const bytes = Buffer.concat([json, Buffer.of(7), Buffer.of(1, 0, 0, 0, 0, 0, 0, 128)]);
    expect(decodeInferRequest({ bytes, jsonBytes: json.length })).toMatchObject({
      value: {
        inputs: [
          { data: Uint8Array.of(7) },
          { data: Float32Array.of(2) },
          { data: BigInt64Array.of(-(2n ** 63n) + 1n) },
        ],
      },
    });
  });

  it('reads texts as lengths and bytes, empty ones too', () => {
    expect(dataOf(request('BYTES', [2], Buffer.from([0, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0xa9])))).toEqual([
      '',
      'é',
    ]);
  });

  it('takes half precision and what JSON cannot hold', () => {
    expect(dataOf(request('FP16', [1], Buffer.of(0, 0x3c)))).toEqual(Uint16Array.of(0x3c00));
    expect(dataOf(request('FP32', [1], Buffer.of(0, 0, 0xc0, 0x7f)))).toEqual(Float32Array.of(Number.NaN));
  });

  it('knows which outputs are wanted behind the JSON', () => {
    const asked = (fields: object) => {
      const bytes = Buffer.from(JSON.stringify({ inputs: [], ...fields }));
      const result = decodeInferRequest({ bytes, jsonBytes: null });
      return result.ok ? result.value.binaryOutputs : errorBody(result.problems).error;
    };
    const byDefault = { parameters: { binary_data_output: true } };
    const [plain, binary] = [{ name: 'a' }, { name: 'b', parameters: { binary_data: true } }];
    expect(asked({})).toBeUndefined();
    expect(asked(byDefault)).toBe('all');
    expect(asked({ outputs: [plain, binary] })).toEqual(['b']);
    expect(
      asked({ ...byDefault, outputs: [plain, { name: 'c', parameters: { binary_data: false } }] }),
    ).toEqual(['a']);
    expect(asked({ outputs: [{ name: 'a', parameters: { classification: 3 } }] })).toContain(
      'classification',
    );
    expect(asked({ outputs: [{ name: 'a', parameters: { binary_data: 1 } }] })).toContain('true or false');
  });

  it.each([
    ['more than came', request('UINT8', [2], Buffer.of(1), 2), '1 bytes are left'],
    ['a size that departs from the shape', request('FP32', [2], Buffer.alloc(4)), 'have 8 bytes'],
    ['a size that is no number', request('UINT8', [1], Buffer.of(1), '1'), 'whole number of bytes'],
    ['bytes after the last tensor', request('UINT8', [1], Buffer.of(1, 2), 1), '1 bytes follow'],
    ['a truth value that is neither', request('BOOL', [1], Buffer.of(2)), 'must be 0 or 1'],
    ['a text that ends too late', request('BYTES', [1], Buffer.of(9, 0, 0, 0, 65)), 'ends beyond'],
    ['a length that ends too early', request('BYTES', [1], Buffer.of(9, 0)), 'ends beyond'],
    ['too few texts', request('BYTES', [2], Buffer.of(0, 0, 0, 0)), 'holds 1 of the 2'],
    ['too many texts', request('BYTES', [1], Buffer.alloc(8)), 'more than the 1'],
    ['text that is not UTF-8', request('BYTES', [1], Buffer.of(1, 0, 0, 0, 0xff)), 'not UTF-8'],
    ['a shape beyond the limit', request('UINT8', [1e9, 1e9], Buffer.of(1)), 'asks for'],
  ])('refuses %s', (_what, body, message) => {
    expect(refusal(body)).toContain(message);
  });

  it('reports a wrong tensor once, and not those behind it', () => {
    const item = (name: string, size: number) => ({
      name,
      datatype: 'UINT16',
      shape: [1],
      parameters: { binary_data_size: size },
    });
    const json = Buffer.from(JSON.stringify({ inputs: [item('a', 3), item('b', 2)] }));
    const said = refusal({ bytes: Buffer.concat([json, Buffer.alloc(5)]), jsonBytes: json.length });
    expect(said).toContain('tensor "a"');
    expect(said).not.toContain('tensor "b"');
  });

  it('refuses a length of the JSON that is no number or beyond the body', () => {
    for (const header of ['-1', '1.5', '99', 'x', ''])
      expect(inferBody(Buffer.from('{}'), header).ok).toBe(false);
    expect(inferBody(Buffer.from('{}'), '2')).toEqual({
      ok: true,
      value: { bytes: Buffer.from('{}'), jsonBytes: 2 },
    });
  });

  it('renames an answer and leaves its tensors byte for byte', () => {
    const text =
      '{"model_name":"secret","model_version":"v1","outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[9007199254740993]}]}';
    const body = { bytes: Buffer.from(`${text}rest`), jsonBytes: text.length };
    const renamed = renameInferResponse(body, 'endpoint');
    expect(renamed?.bytes.toString()).toMatch(
      /^\{"model_name":"endpoint","outputs":.*9007199254740993.*\}rest$/,
    );
    expect(renamed?.bytes.subarray(renamed.jsonBytes ?? 0).toString()).toBe('rest');
    expect(renameInferResponse({ bytes: Buffer.from('[]'), jsonBytes: null }, 'endpoint')).toBeNull();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorBody } from '../../../models/codecs/input-problem.ts';
import {
  decodeInferRequest,
  decodeInferResponse,
  type InferRequest,
} from '../../../models/codecs/open-inference.ts';
import type { Datatype, Tensor } from '../../../models/codecs/tensor.ts';
import { encodeInferRequest, encodeInferResponse } from '../../../models/codecs/write-open-inference.ts';
import { jsonBody, parameters, tensorsOf } from '../../support/tensors.ts';

const tensors = tensorsOf('JSON');

function input(datatype: string, shape: readonly number[], data: string): string {
  return `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[${shape}],"data":${data}}]}`;
}
function decoded(body: string | Uint8Array): InferRequest {
  const result = decodeInferRequest(jsonBody(body));
  if (!result.ok) throw new Error(errorBody(result.problems).error);
  return result.value;
}
const refusal = (body: string | Uint8Array): string => {
  const result = decodeInferRequest(jsonBody(body));
  return result.ok
    ? 'accepted'
    : result.problems.map(({ code, message }) => `${code}: ${message}`).join('\n');
};

describe('the JSON form of the Open Inference Protocol', () => {
  it('gives back every request that it has written, in all datatypes', () => {
    fc.assert(
      fc.property(tensors, parameters, fc.option(fc.string(), { nil: undefined }), (inputs, given, id) => {
        const request = { ...(id !== undefined && { id }), parameters: given, inputs };
        const encoded = encodeInferRequest(request);
        expect(encoded.ok && decodeInferRequest(encoded.value)).toEqual({ ok: true, value: request });
      }),
      { numRuns: 300 },
    );
  });

  it('gives back every answer that it has written', () => {
    fc.assert(
      fc.property(tensors, parameters, (outputs, given) => {
        const response = { modelName: 'm', modelVersion: 'v1', id: '7', parameters: given, outputs };
        const encoded = encodeInferResponse(response);
        expect(encoded.ok && decodeInferResponse(encoded.value)).toEqual({ ok: true, value: response });
      }),
      { numRuns: 300 },
    );
  });

  it('reads the example of the specification', () => {
    // Source: Open Inference Protocol v2, "Inference Request Examples" (inference_rest.md).
    const body = `{ "id" : "42", "inputs" : [
      { "name" : "input0", "shape" : [ 2, 2 ], "datatype" : "UINT32", "data" : [ 1, 2, 3, 4 ] },
      { "name" : "input1", "shape" : [ 3 ], "datatype" : "BOOL", "data" : [ true, false, true ] } ],
      "outputs" : [ { "name" : "output0" } ] }`;
    expect(decoded(body)).toEqual({
      id: '42',
      parameters: {},
      inputs: [
        { name: 'input0', datatype: 'UINT32', shape: [2, 2], data: Uint32Array.of(1, 2, 3, 4) },
        { name: 'input1', datatype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
      ],
      outputs: ['output0'],
    });
  });

  it('reads nested data as the flat data it stands for', () => {
    const flat = decoded(input('FP32', [2, 2, 1], '[1,2,3,4]'));
    expect(decoded(input('FP32', [2, 2, 1], '[[[1],[2]],[[3],[4]]]'))).toEqual(flat);
  });

  it('keeps 64-bit integers exact where a double would not', () => {
    const [low] = decoded(input('INT64', [2], '[ -9223372036854775808,9007199254740993 ]')).inputs;
    expect(low?.data).toEqual(BigInt64Array.of(-9223372036854775808n, 9007199254740993n));
    const [high] = decoded(input('UINT64', [1], '[18446744073709551615]')).inputs;
    expect(high?.data).toEqual(BigUint64Array.of(18446744073709551615n));
  });

  it.each([
    ['null', 'FP32', '[null]', 'element 0 is null'],
    ['a numeral in quotes', 'FP64', '["1"]', 'a string'],
    ['a boolean', 'INT32', '[true]', 'a boolean'],
    ['a number', 'BOOL', '[1]', 'true or false'],
    ['a number', 'BYTES', '[1]', 'a string (BYTES)'],
    ['a fraction', 'INT8', '[1.5]', 'whole number from -128 to 127'],
    ['a number too large', 'UINT8', '[256]', 'from 0 to 255'],
    ['a negative number', 'UINT64', '[-1]', 'from 0 to 18446744073709551615'],
    ['a number beyond 64 bits', 'INT64', '[9223372036854775808]', 'element 0 is 9223372036854775808'],
    ['a number that was rounded', 'INT64', '[9007199254740993.0]', 'in plain digits'],
    ['a number beyond single precision', 'FP32', '[1e39]', 'within the range of FP32'],
    ['a number beyond double precision', 'FP64', '[1e999]', 'within the range of FP64'],
    ['an object', 'FP32', '[{}]', 'an object'],
    ['an array within flat data', 'FP32', '[[1]]', 'an array'],
    ['half of a surrogate pair', 'BYTES', '["\\ud800"]', 'well-formed'],
    ['a half-precision number', 'FP16', '[1]', 'binary_data_size'],
  ])('refuses %s in %s data', (_what, datatype, data, message) => {
    expect(refusal(input(datatype, [1], data))).toContain(message);
  });

  it.each([
    ['too little data', input('FP32', [3], '[1,2]'), 'needs 3 elements in data; it holds 2'],
    ['ragged data', input('FP32', [2, 2], '[[1,2],[3]]'), 'nested arrays depart'],
    ['a negative dimension', input('FP32', [-1], '[]'), 'none below 0'],
    ['a shape beyond the limit', input('FP32', [1e9, 1e9], '[]'), 'asks for 1000000000000000000 elements'],
    ['an unknown datatype', input('FLOAT', [1], '[1]'), 'datatype is "FLOAT"'],
    ['no data', '{"inputs":[{"name":"x","datatype":"FP32","shape":[1]}]}', 'data is nothing'],
    ['no inputs', '{}', 'missing-tensors'],
    ['an array', '[]', 'not-an-object'],
    ['text that is not JSON', '{"inputs":', 'not-json'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not-json'],
    ['nesting without end', `{"a":${'['.repeat(200_000)}1234567890123456789`, 'not-json'],
    ['an id that is no string', '{"id":7,"inputs":[]}', '"id" is 7'],
    ['a parameter that is no scalar', '{"parameters":{"p":[]},"inputs":[]}', 'parameter "p" is an array'],
    ['an output without a name', '{"inputs":[],"outputs":[{}]}', 'with a "name"'],
  ])('refuses %s', (_what, body, message) => {
    expect(refusal(body)).toContain(message);
  });

  it('says everything that is wrong at once, without repeating text of the request', () => {
    const two = `{"id":1,"inputs":[{"name":"a","datatype":"FP32","shape":[1],"data":["secret"]},{"name":"b"}]}`;
    const said = refusal(two);
    expect(said.split('\n')).toHaveLength(3);
    expect(said).not.toContain('secret');
  });

  it('refuses a name given twice', () => {
    const item = '{"name":"x","datatype":"FP32","shape":[1],"data":[1]}';
    expect(refusal(`{"inputs":[${item},${item}]}`)).toContain('duplicate-name');
  });

  it('bounds the elements of all tensors together', () => {
    const item = (name: string) => ({ name, datatype: 'FP32', shape: [6], data: [1, 2, 3, 4, 5, 6] });
    const body = JSON.stringify({ inputs: [item('a'), item('b')] });
    expect(decodeInferRequest(jsonBody(body), { maxElements: 12, maxTensors: 2 }).ok).toBe(true);
    expect(decodeInferRequest(jsonBody(body), { maxElements: 11, maxTensors: 2 }).ok).toBe(false);
    expect(decodeInferRequest(jsonBody(body), { maxElements: 12, maxTensors: 1 }).ok).toBe(false);
  });

  it('writes no answer that JSON cannot hold', () => {
    const write = (datatype: Datatype, data: Tensor['data']) =>
      encodeInferResponse({ modelName: 'm', outputs: [{ name: 'y', datatype, shape: [1], data }] });
    expect(write('FP32', Float32Array.of(Number.NaN))).toMatchObject({ ok: false });
    expect(write('FP64', Float64Array.of(Number.POSITIVE_INFINITY))).toMatchObject({ ok: false });
    expect(write('FP16', Uint16Array.of(0))).toMatchObject({ ok: false });
  });

  it('answers any JSON with a request or with problems', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (inputs, outputs) => {
        const result = decodeInferRequest(
          jsonBody(
            JSON.stringify({ inputs: [inputs, { name: 'x', shape: [inputs], data: outputs }], outputs }),
          ),
        );
        expect(result.ok || result.problems.length > 0).toBe(true);
      }),
    );
  });
});

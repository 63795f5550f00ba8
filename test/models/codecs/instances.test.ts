import { describe, expect, it } from 'vitest';
import { answerOf, instancesOf } from '../../../models/codecs/instances.ts';
import { unwrapModelError } from '../../../models/codecs/sagemaker-error.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const input = (fields: Record<string, unknown>) => ({
  name: 'x',
  datatype: 'FP32',
  shape: [1],
  data: [1],
  ...fields,
});
const names = { modelName: 'm', modelVersion: '1', id: undefined };

function bodyOf(request: unknown): unknown {
  const instances = instancesOf(bytes(request));
  return instances.ok ? JSON.parse(instances.value.body) : instances.problems[0]?.code;
}

describe('instances of a request', () => {
  it.each([
    [
      'the rows of a single input',
      [input({ shape: [2, 2], data: [1, 2, 3, 4] })],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'the same from nested data',
      [
        input({
          shape: [2, 2],
          data: [
            [1, 2],
            [3, 4],
          ],
        }),
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['scalars where a row is one', [input({ shape: [2], data: [1, 2] })], [1, 2]],
    [
      'one object for each row of several inputs',
      [input({ shape: [2], data: [1, 2] }), input({ name: 'y', shape: [2, 1], data: [3, 4] })],
      [
        { x: 1, y: [3] },
        { x: 2, y: [4] },
      ],
    ],
    ['nothing for an empty batch', [input({ shape: [0, 3], data: [] })], []],
  ])('are %s', (_what, inputs, instances) => {
    expect(bodyOf({ inputs })).toEqual({ instances });
  });

  it.each([
    ['not-json', '{'],
    ['missing-tensors', { inputs: [] }],
    ['missing-tensors', []],
    ['invalid-tensor', { inputs: [{ name: 'x' }] }],
    ['invalid-tensor', { inputs: [null] }],
    ['invalid-shape', { inputs: [input({ shape: [] })] }],
    ['invalid-shape', { inputs: [input({ shape: [-1] })] }],
    ['shape-mismatch', { inputs: [input({ shape: [3] })] }],
    ['batch-mismatch', { inputs: [input({}), input({ name: 'y', shape: [2], data: [1, 2] })] }],
  ])('cannot be made of a request with %s', (code, request) => {
    expect(bodyOf(request)).toBe(code);
  });
});

describe('the answer to predictions', () => {
  const outputsOf = (predictions: unknown) => {
    const answer = answerOf(bytes({ predictions }), names);
    return answer.ok ? JSON.parse(answer.value).outputs : answer.problems[0]?.code;
  };

  it.each([
    [[1, 2.5], [{ name: 'predictions', datatype: 'FP64', shape: [2], data: [1, 2.5] }]],
    [[['a'], ['b']], [{ name: 'predictions', datatype: 'BYTES', shape: [2, 1], data: ['a', 'b'] }]],
    [[{ ok: true }, { ok: false }], [{ name: 'ok', datatype: 'BOOL', shape: [2], data: [true, false] }]],
    [[], [{ name: 'predictions', datatype: 'FP64', shape: [0], data: [] }]],
  ])('has them as tensors: %j', (predictions, outputs) => {
    expect(outputsOf(predictions)).toEqual(outputs);
  });

  it.each([[[[1], [1, 2]]], [[1, 'a']], [[{ a: 1 }, { b: 1 }]], [[1, [1]]], [[null]]])(
    'is refused where they make none: %j',
    (predictions) => {
      expect(outputsOf(predictions)).toBe('irregular');
    },
  );

  it('is refused where there are none', () => {
    expect(answerOf(bytes('{"error": "no"}'), names)).toMatchObject({ ok: false });
    expect(answerOf(bytes('<html>'), names)).toMatchObject({ ok: false });
  });
});

describe('a wrapped model error', () => {
  it('says what the container said', () => {
    const body = bytes({
      OriginalStatusCode: 400,
      OriginalMessage: 'bad input',
      Message: 'Received client error',
    });
    expect(unwrapModelError(body)).toEqual({ status: 400, message: 'bad input' });
  });

  it.each(['{', '[]', '{}', '{"OriginalStatusCode": "x"}', '{"OriginalStatusCode": 9999}'])(
    'is not %s',
    (body) => {
      expect(unwrapModelError(bytes(body))).toBeNull();
    },
  );
});

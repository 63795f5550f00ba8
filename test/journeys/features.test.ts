import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxModels } from '../support/onnx-endpoint.ts';
import { linearModel, modelOf, value } from '../support/onnx-models.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const { DataType } = onnxProto.onnx.TensorProto;
let gateway: TestGateway;
let models: OnnxModels;
let acme: string;
let globex: string;

/** score[n] = price[n] + age[n] + taste[n, 2] · [1, 10] */
function scorer(): Uint8Array {
  return modelOf({
    node: [
      { opType: 'MatMul', input: ['taste', 'w'], output: ['t'] },
      { opType: 'Add', input: ['price', 'age'], output: ['pa'] },
      { opType: 'Add', input: ['pa', 't'], output: ['score'] },
    ],
    initializer: [{ name: 'w', dataType: DataType.FLOAT, dims: [2], floatData: [1, 10] }],
    input: [
      value('price', DataType.FLOAT, ['n']),
      value('age', DataType.FLOAT, ['n']),
      value('taste', DataType.FLOAT, ['n', 2]),
    ],
    output: [value('score', DataType.FLOAT, ['n'])],
  });
}

beforeAll(async () => {
  gateway = await startTestGateway();
  models = await OnnxModels.create();
  const user = {
    entity: 'user',
    key: { unit: 'user' },
    columns: [
      { column: 'age', default: 30 },
      { column: 'taste', default: [0, 0] },
    ],
    maxAgeSeconds: 3_600,
    cacheSeconds: 0,
    timeoutMs: 5_000,
  };
  const film = {
    entity: 'film',
    key: { input: 'film' },
    shared: true,
    columns: [{ column: 'price_eur', input: 'price', default: 1 }],
    cacheSeconds: 60,
    timeoutMs: 5_000,
  };
  await models.serve(gateway, 'scorer', { v1: scorer() }, { features: [film, user] });
  await models.serve(gateway, 'plain', { v1: linearModel([1]) });
  ({ secret: acme } = await gateway.tenant('acme'));
  ({ secret: globex } = await gateway.tenant('globex'));
});
afterAll(async () => {
  await gateway.stop();
  await models.remove();
});

const write = (entity: string, ...features: object[]) =>
  gateway.admin('POST', `/features/${entity}`, { features });
async function scores(films: readonly string[], { key = acme, user = 'ann', inputs = [] as object[] } = {}) {
  const film = { name: 'film', datatype: 'BYTES', shape: [films.length], data: films };
  const answer = await call(`${gateway.url}/v2/models/scorer/infer`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'x-switchyard-unit': user },
    body: JSON.stringify({ inputs: [film, ...inputs] }),
  });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body.outputs[0].data;
}
const counted = async (entity: string, outcome: string) => {
  const metrics = await (await fetch(gateway.metricsUrl)).text();
  const pattern = new RegExp(
    `feature_lookups_total\\{endpoint="scorer",entity="${entity}",outcome="${outcome}"\\} (\\d+)`,
  );
  return Number(pattern.exec(metrics)?.[1] ?? 0);
};

describe('features', () => {
  it('stand in with their defaults where there are none, and are counted so', async () => {
    expect(await scores(['alien', 'brazil'], { user: 'nobody' })).toEqual([31, 31]);
    expect(await counted('user', 'missing')).toBe(1);
    expect(await counted('film', 'missing')).toBe(2);
  });

  it('are joined by the unit for all rows, and by an input row by row', async () => {
    const films = [
      { key: 'cube', values: { price_eur: 5 } },
      { key: 'dune', values: { price_eur: 7 } },
    ];
    expect((await write('film', ...films)).body).toEqual({ written: 2, rejected: [] });
    await write('user', { key: 'ann', tenant: 'acme', values: { age: 40, taste: [0.5, 0.25] } });
    expect(await scores(['cube', 'dune', 'cube'])).toEqual([48, 50, 48]);
    expect(await counted('film', 'fresh')).toBe(3);
  });

  it('of one tenant are not those of another, and what the request gives itself stays', async () => {
    await write('user', { key: 'ann', tenant: 'acme', values: { age: 40, taste: [0, 0] } });
    expect(await scores(['cube'], { key: globex })).toEqual([35]);
    const age = { name: 'age', datatype: 'FP32', shape: [1], data: [90] };
    expect(await scores(['cube'], { inputs: [age] })).toEqual([95]);
  });

  it('too old, or of another kind than the input takes, give way to the default', async () => {
    const values = { age: 70, taste: [0, 0] };
    await write('user', { key: 'old', tenant: 'acme', at: '2020-01-01T00:00:00Z', values });
    expect(await scores(['cube'], { user: 'old' })).toEqual([35]);
    expect(await counted('user', 'stale')).toBe(1);
    await write('user', { key: 'odd', tenant: 'acme', values: { age: 'forty', taste: [1] } });
    expect(await scores(['cube'], { user: 'odd' })).toEqual([35]);
    expect(await counted('user', 'unfit')).toBe(2);
  });

  it('are written one by one: what is wrong or older is named, the rest is stored', async () => {
    await write('user', { key: 'bob', at: '2026-01-02T00:00:00Z', values: { age: 2 } });
    const batch = [
      { key: 'bob', at: '2026-01-01T00:00:00Z', values: { age: 1 } },
      { key: '', values: {} },
      { key: 'eve', values: { age: 3 } },
    ];
    expect((await write('user', ...batch)).body).toEqual({
      written: 1,
      rejected: [
        { index: 0, code: 'older', message: expect.any(String) },
        { index: 1, code: 'invalid', message: expect.stringContaining('/key') },
      ],
    });
    expect((await gateway.admin('GET', '/features/user/bob')).body.values).toEqual({ age: 2 });
    expect((await gateway.admin('DELETE', '/features/user/bob')).status).toBe(204);
    expect((await gateway.admin('GET', '/features/user/bob')).status).toBe(404);
    expect((await gateway.admin('POST', '/features/user', { features: [] })).status).toBe(400);
    expect((await gateway.admin('POST', '/features/A B', { features: [{}] })).status).toBe(400);
  });

  it('reach a model through :predict as well', async () => {
    const answer = await call(`${gateway.url}/v1/models/scorer:predict`, {
      method: 'POST',
      headers: { 'x-api-key': acme, 'x-switchyard-unit': 'ann' },
      body: JSON.stringify({ instances: [{ price: 1 }, { price: 2 }] }),
    });
    expect(answer.body).toEqual({ predictions: [41, 42] });
  });
});

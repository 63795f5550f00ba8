import { deflateSync, gzipSync } from 'node:zlib';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxModels } from '../support/onnx-endpoint.ts';
import { identityModel, linearModel } from '../support/onnx-models.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const { DataType } = onnxProto.onnx.TensorProto;

let gateway: TestGateway;
let models: OnnxModels;
let secret: string;

beforeAll(async () => {
  gateway = await startTestGateway({ MAX_BODY_BYTES: '20000' });
  models = await OnnxModels.create();
  await models.serve(gateway, 'ranker', { v1: linearModel([1, 10]), v2: linearModel([2, 20]) });
  await models.serve(gateway, 'half', { v1: identityModel(DataType.FLOAT16) });
  await models.serve(gateway, 'blind', { v1: linearModel([1, 10]) }, { blinded: true });
  const variants = ['v1', 'v2'].map((key) => ({ key, weight: 5_000, target: `ranker-${key}` }));
  await gateway.register('/experiments', { key: 'e', endpoint: 'ranker', unit: 'user', variants });
  await gateway.register('/experiments/e/start', {});
  ({ secret } = await gateway.tenant('acme'));
});
afterAll(async () => {
  await gateway.stop();
  await models.remove();
});

interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}
/** One exchange with the bytes as they came, unpacked by nobody. */
async function send(path: string, { headers = {}, body }: Sent = {}) {
  const response = await fetch(`${gateway.url}/v2/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-api-key': secret, 'accept-encoding': 'identity', ...headers },
    ...(body !== undefined && { body }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}
const json = async (path: string, sent?: Sent) => JSON.parse((await send(path, sent)).bytes.toString());

const rows = (count: number) => ({
  inputs: [{ name: 'features', datatype: 'FP32', shape: [count, 2], data: Array(count * 2).fill(1) }],
});
const binaryRequest = (name: string, datatype: string, shape: number[], bytes: Uint8Array) => {
  const inputs = [{ name, datatype, shape, parameters: { binary_data_size: bytes.length } }];
  const header = Buffer.from(
    JSON.stringify({ inputs, parameters: { binary_data_output: true, 'context.user': 'u' } }),
  );
  return {
    headers: { 'inference-header-content-length': String(header.length) },
    body: new Uint8Array(Buffer.concat([header, bytes])),
  };
};

describe('the Open Inference Protocol at an endpoint', () => {
  it('takes and gives tensors behind the JSON, half precision too', async () => {
    const sent = binaryRequest('x', 'FP16', [2], Buffer.of(0, 0x3c, 0, 0xc0));
    const answer = await send('models/half/infer', sent);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    const length = Number(answer.headers.get('inference-header-content-length'));
    expect(answer.bytes.subarray(length)).toEqual(Buffer.of(0, 0x3c, 0, 0xc0));
    expect(JSON.parse(answer.bytes.subarray(0, length).toString())).toMatchObject({
      outputs: [{ name: 'y', datatype: 'FP16', parameters: { binary_data_size: 4 } }],
    });
  });

  it('takes a body that is nothing but the one tensor, whose shape its size tells', async () => {
    const headers = { 'inference-header-content-length': '0' };
    const body = new Uint8Array(Float32Array.of(1, 1, 2, 0).buffer);
    const { status, headers: answered, bytes } = await send('models/blind/infer', { headers, body });
    expect(status).toBe(200);
    const length = Number(answered.get('inference-header-content-length'));
    expect(JSON.parse(bytes.subarray(0, length).toString()).outputs).toMatchObject([
      { name: 'scores', shape: [2], parameters: { binary_data_size: 8 } },
    ]);
    expect([bytes.readFloatLE(length), bytes.readFloatLE(length + 4)]).toEqual([11, 2]);
    const odd = await send('models/blind/infer', { headers, body: body.subarray(0, 6) });
    expect(odd.status).toBe(400);
    expect(odd.bytes.toString()).toContain('6 bytes are no FP32 tensor of shape [-1,2]');
  });

  it('reads the unit of an experiment from the JSON in front of binary tensors', async () => {
    const sent = binaryRequest('features', 'FP32', [1, 2], new Uint8Array(Float32Array.of(1, 1).buffer));
    const answer = await send('models/ranker/infer', sent);
    expect(answer.headers.get('x-switchyard-variant')).toMatch(/^v[12]$/);
  });

  it('keeps a blinded endpoint blind in the JSON, and the tensors behind it whole', async () => {
    const sent = binaryRequest('features', 'FP32', [1, 2], new Uint8Array(Float32Array.of(1, 1).buffer));
    const { bytes, headers } = await send('models/blind/infer', sent);
    const length = Number(headers.get('inference-header-content-length'));
    expect(JSON.parse(bytes.subarray(0, length).toString())).toMatchObject({ model_name: 'blind' });
    expect(bytes.subarray(0, length).toString()).not.toContain('v1');
    expect(bytes.readFloatLE(length)).toBe(11);
  });

  it.each([
    ['a length beyond the body', { 'inference-header-content-length': '9999' }, 400],
    ['a length within the JSON', { 'inference-header-content-length': '5' }, 400],
  ])('refuses %s', async (_what, headers, status) => {
    expect((await send('models/ranker/infer', { headers, body: JSON.stringify(rows(1)) })).status).toBe(
      status,
    );
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('unpacks a request in %s, and packs an answer that is worth it', async (coding, pack) => {
    const body = new Uint8Array(pack(JSON.stringify(rows(400))));
    const small = await send('models/ranker/infer', { headers: { 'content-encoding': coding }, body });
    expect(small.status).toBe(200);
    const packed = await call(`${gateway.url}/v2/models/ranker/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret, 'content-encoding': coding, 'accept-encoding': coding },
      body,
    });
    expect(packed.headers.get('content-encoding')).toBe(coding);
    expect(packed.body.outputs[0].shape).toEqual([400]);
  });

  it('refuses what would unpack beyond the limit, what is no gzip, and codings it does not know', async () => {
    const status = async (coding: string, body: string | Uint8Array<ArrayBuffer>) =>
      (await send('models/ranker/infer', { headers: { 'content-encoding': coding }, body })).status;
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(15_000_000, ' ')));
    expect(bomb.length).toBeLessThan(20_000);
    expect(await status('gzip', bomb)).toBe(413);
    expect(await status('gzip', 'no gzip')).toBe(400);
    expect(await status('br', 'x')).toBe(415);
  });

  it('serves a version that is asked for outside of the experiment, whoever asks', async () => {
    for (const [version, score] of [
      ['v1', 11],
      ['v2', 22],
    ] as const) {
      const headers = { 'x-switchyard-unit': 'anybody' };
      const answer = await send(`models/ranker/versions/${version}/infer`, {
        headers,
        body: JSON.stringify(rows(1)),
      });
      expect(JSON.parse(answer.bytes.toString())).toMatchObject({
        model_version: version,
        outputs: [{ data: [score] }],
      });
      expect(answer.headers.get('x-switchyard-experiment')).toBeNull();
    }
    expect((await send('models/ranker/versions/v9/infer', { body: JSON.stringify(rows(1)) })).status).toBe(
      404,
    );
    expect((await send('models/blind/versions/v1/infer', { body: JSON.stringify(rows(1)) })).status).toBe(
      404,
    );
  });

  it('describes itself, its models, their configuration and their numbers as clients expect', async () => {
    expect(await json('')).toMatchObject({ extensions: expect.arrayContaining(['binary_tensor_data']) });
    expect(await json('models/ranker')).toMatchObject({ name: 'ranker', versions: ['v1', 'v2'] });
    expect(await json('models/ranker/versions/v2')).toMatchObject({ versions: ['v2'] });
    expect(await json('models/ranker/config')).toMatchObject({
      name: 'ranker',
      max_batch_size: 0,
      input: [{ name: 'features', data_type: 'TYPE_FP32', dims: [-1, 2] }],
    });
    expect((await send('models/ranker/versions/v2/ready')).status).toBe(200);
    await send('models/ranker/versions/v2/infer', { body: '{"inputs":[]}' });
    const { model_stats: stats } = await json('models/ranker/versions/v2/stats');
    expect(stats).toMatchObject([{ name: 'ranker', version: 'v2', inference_stats: { fail: { count: 1 } } }]);
    expect(stats[0].inference_stats.success.count).toBeGreaterThan(0);
    expect(stats[0].inference_stats.success.ns).toBeGreaterThan(0);
  });

  it('lists the endpoints that a tenant may call, with their versions', async () => {
    await gateway.register('/endpoints', { key: 'other', defaultTarget: 'half-v1', tenants: ['acme'] });
    await gateway.tenant('globex');
    await gateway.register('/endpoints', { key: 'foreign', defaultTarget: 'half-v1', tenants: ['globex'] });
    const index = await json('repository/index', { body: '{"ready":true}' });
    const names = index.map(({ name, version = '' }: Record<string, string>) => `${name}/${version}`);
    expect(names.sort()).toEqual(['blind/', 'half/v1', 'other/v1', 'ranker/v1', 'ranker/v2']);
    expect((await send('repository/index', { body: 'x' })).status).toBe(400);
  });
});

describe('the :predict protocol at an endpoint', () => {
  const predict = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(`${gateway.url}/v1/models/${path}`, {
      method: 'POST',
      headers: { 'x-api-key': secret, ...headers },
      body: JSON.stringify(body),
    });

  it('turns instances into predictions, of the variant that the unit is in', async () => {
    const instances = [
      [1, 1],
      [0, 3],
    ];
    const seen = new Set<string>();
    for (let index = 0; index < 20; index += 1) {
      const answer = await predict('ranker:predict', { instances }, { 'x-switchyard-unit': `user-${index}` });
      const factor = answer.headers.get('x-switchyard-variant') === 'v2' ? 2 : 1;
      expect(answer).toMatchObject({ status: 200, body: { predictions: [11 * factor, 30 * factor] } });
      seen.add(answer.headers.get('x-switchyard-variant') ?? '');
    }
    expect([...seen].sort()).toEqual(['v1', 'v2']);
  });

  it('serves a version, answers columns with columns, and keeps a blinded endpoint blind', async () => {
    const column = await predict('ranker/versions/v2:predict', { inputs: { features: [[1, 1]] } });
    expect(column).toMatchObject({ status: 200, body: { outputs: [22] } });
    const blind = await predict('blind:predict', { instances: [[1, 1]] });
    expect(blind.body).toEqual({ predictions: [11] });
  });

  it('tells of the endpoint as clients of both protocols ask', async () => {
    const { body } = await call(`${gateway.url}/v1/models/ranker`, { headers: { 'x-api-key': secret } });
    expect(body).toMatchObject({
      name: 'ranker',
      ready: true,
      model_version_status: [{ version: 'v1', state: 'AVAILABLE' }, { version: 'v2' }],
    });
  });

  it.each([
    ['a body in neither format', 'ranker:predict', {}, 400],
    ['a shape that the model does not take', 'ranker:predict', { instances: [[1, 2, 3]] }, 400],
    ['an unknown endpoint', 'nobody:predict', { instances: [[1, 1]] }, 404],
  ])('refuses %s', async (_what, path, body, status) => {
    expect(await predict(path, body)).toMatchObject({ status, body: { error: expect.any(String) } });
  });
});

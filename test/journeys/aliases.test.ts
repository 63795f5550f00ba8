import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxModels } from '../support/onnx-endpoint.ts';
import { linearModel } from '../support/onnx-models.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let models: OnnxModels;
let secret: string;

const CHAMPION = '/models/ranker/aliases/champion';
const alias = (...versions: object[]) => ({ alias: 'champion', versions });

beforeAll(async () => {
  gateway = await startTestGateway();
  models = await OnnxModels.create();
  await models.serve(gateway, 'ranker', { v1: linearModel([1]), v2: linearModel([2]) });
  await gateway.register('/models/ranker/aliases', alias({ version: 'v1' }));
  const place = { kind: 'onnx', model: 'ranker', cloud: 'local', region: 'here' };
  await gateway.register('/targets', { key: 'best', version: '@champion', ...place });
  await gateway.register('/endpoints', { key: 'best', defaultTarget: 'best' });
  ({ secret } = await gateway.tenant('acme'));
});
afterAll(async () => {
  await gateway.stop();
  await models.remove();
});

const infer = () =>
  call(`${gateway.url}/v2/models/best/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret },
    body: JSON.stringify({ inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 1], data: [1] }] }),
  });

describe('an alias', () => {
  it('moves everything that names it at once, and only from the revision that was read', async () => {
    expect((await infer()).body).toMatchObject({ model_version: 'v1', outputs: [{ data: [1] }] });
    const { headers } = await gateway.admin('GET', CHAMPION);
    const etag = headers.get('etag') ?? '';
    const moved = await gateway.admin('PUT', CHAMPION, alias({ version: 'v2' }), { 'if-match': etag });
    expect(moved.status).toBe(200);
    const answer = await infer();
    expect(answer.body).toMatchObject({ model_version: 'v2', outputs: [{ data: [2] }] });
    expect(answer.headers.get('x-switchyard-model')).toBe('ranker/v2');
    const late = await gateway.admin('PUT', CHAMPION, alias({ version: 'v1' }), { 'if-match': etag });
    expect(late.status).toBe(412);
  });

  it('may share the traffic among versions, whose weights are all of it', async () => {
    const put = (...versions: object[]) =>
      gateway.admin('PUT', CHAMPION, alias(...versions), { 'if-match': '*' });
    expect((await put({ version: 'v1', weight: 9_000 }, { version: 'v2', weight: 999 })).status).toBe(422);
    expect((await put({ version: 'v1', weight: 5_000 }, { version: 'v1', weight: 5_000 })).status).toBe(422);
    expect((await put({ version: 'v9' })).body).toMatchObject({ issues: [{ code: 'unknown-version' }] });
    expect((await put({ version: 'v1', weight: 9_000 }, { version: 'v2', weight: 1_000 })).status).toBe(200);
    const metadata = await call(`${gateway.url}/v2/models/best`, { headers: { 'x-api-key': secret } });
    expect(metadata.body.versions).toEqual(['v1', 'v2']);
  });

  it('gives each version its share of the traffic', async () => {
    const versions = await Promise.all(
      Array.from({ length: 120 }, async () => (await infer()).body.model_version),
    );
    const second = versions.filter((version) => version === 'v2').length;
    expect(new Set(versions)).toEqual(new Set(['v1', 'v2']));
    // A tenth of 120, within five standard deviations.
    expect(second).toBeLessThan(12 + 5 * Math.sqrt(120 * 0.1 * 0.9));
  });

  it('cannot be deleted while a target names it, nor a version that it names', async () => {
    const refused = await gateway.admin('DELETE', CHAMPION, undefined, { 'if-match': '*' });
    expect(refused.body).toMatchObject({ status: 422, issues: [{ code: 'unknown-alias' }] });
    const version = await gateway.admin('DELETE', '/models/ranker/versions/v1', undefined, {
      'if-match': '*',
    });
    expect(version.status).toBe(422);
  });
});

describe('a version', () => {
  it('records who registered it, whoever the body says, and its training run', async () => {
    const body = {
      version: 'v3',
      sha256: 'c'.repeat(64),
      sizeBytes: 10,
      artifacts: ['s3://models/ranker/v3.onnx'],
      trainingRun: 'runs/17',
      registeredBy: 'somebody else',
      signature: { inputs: [], outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1] }] },
    };
    const { body: created } = await gateway.register('/models/ranker/versions', body);
    expect(created).toMatchObject({
      trainingRun: 'runs/17',
      registeredBy: 'admin',
      signature: body.signature,
    });
    const again = await gateway.admin('PUT', '/models/ranker/versions/v3', body, { 'if-match': '*' });
    expect(again.status).toBe(404);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxModels } from '../support/onnx-endpoint.ts';
import { linearModel } from '../support/onnx-models.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let gateway: TestGateway;
let models: OnnxModels;
let upstream: Upstream;
let receiver: WebhookReceiver;
let secret: string;

const CHAMPION = '/models/ranker/aliases/champion';
const alias = (...versions: object[]) => ({ alias: 'champion', versions });

beforeAll(async () => {
  gateway = await startTestGateway({ WEBHOOKS_ALLOW_PRIVATE: 'true' });
  upstream = await startUpstream(openInferenceAnswer(1));
  receiver = await startWebhookReceiver();
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
  await Promise.all([models.remove(), upstream.stop(), receiver.stop()]);
});

const infer = (endpoint = 'best') =>
  call(`${gateway.url}/v2/models/${endpoint}/infer`, {
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

describe('a canary', () => {
  const LIVE = '/models/scorer/aliases/live';
  const aliasNow = async () => (await gateway.admin('GET', LIVE)).body;
  const put = (fields: object) =>
    gateway.admin('PUT', LIVE, { alias: 'live', ...fields }, { 'if-match': '*' });
  const versions = (v1: number, v2: number) => [
    { version: 'v1', weight: v1 },
    { version: 'v2', weight: v2 },
  ];

  beforeAll(async () => {
    await gateway.register('/models', { key: 'scorer' });
    for (const version of ['v1', 'v2']) {
      await gateway.register('/models/scorer/versions', {
        version,
        sha256: version.slice(1).repeat(64),
        sizeBytes: 1,
        artifacts: ['s3://models/scorer'],
      });
    }
    await gateway.register('/models/scorer/aliases', { alias: 'live', versions: [{ version: 'v1' }] });
    const place = { kind: 'oip', model: 'scorer', cloud: 'local', region: 'here', url: upstream.url };
    await gateway.register('/targets', { key: 'scored', version: '@live', ...place });
    await gateway.register('/endpoints', { key: 'scored', defaultTarget: 'scored' });
    await gateway.register('/webhooks', { key: 'pager', url: receiver.url, kinds: ['aliases'] });
  });

  it('is one of two versions, and its steps rise', async () => {
    const refused = async (fields: object) => (await put(fields)).body.issues?.[0]?.path;
    expect(await refused({ versions: versions(5_000, 5_000), canary: { version: 'v3' } })).toBe(
      '/canary/version',
    );
    expect(await refused({ versions: [{ version: 'v1' }], canary: { version: 'v1' } })).toBe('/canary');
    expect(
      await refused({ versions: versions(5_000, 5_000), canary: { version: 'v2', steps: [5_000] } }),
    ).toBe('/canary/steps');
  });

  it('that fails loses its traffic to the stable version, and whoever asked is told why', async () => {
    upstream.behave((request, response) =>
      (request.url?.includes('/versions/v2/') ? failWith(500) : openInferenceAnswer(1))(request, response),
    );
    const tried = await put({ versions: versions(5_000, 5_000), canary: { version: 'v2' } });
    expect(tried.status).toBe(200);
    const statuses = async () =>
      (await Promise.all(Array.from({ length: 20 }, () => infer('scored')))).map(({ status }) => status);
    for (let round = 0; round < 20; round++) await statuses();
    await expect.poll(aliasNow, { timeout: 15_000 }).toMatchObject({
      versions: versions(10_000, 0),
      rolledBack: { version: 'v2', reason: expect.stringMatching(/^error-rate is [\d.]+ % in v2 and 0/) },
    });
    expect(await aliasNow()).not.toHaveProperty('canary');
    expect(new Set(await statuses())).toEqual(new Set([200]));
    const { body: audit } = await gateway.admin('GET', '/audit?kind=aliases&key=scorer/live');
    expect(audit.items[0]).toMatchObject({
      action: 'guardrail-breached',
      actor: { name: 'guardrails' },
      before: { versions: versions(5_000, 5_000) },
      after: { versions: versions(10_000, 0) },
    });
    await expect
      .poll(() => receiver.received.map(({ body }) => JSON.parse(body).type), { timeout: 10_000 })
      .toContain('aliases.guardrail-breached');
  });

  it('that does no harm gets weight step by step, and in the end everything', async () => {
    upstream.behave(openInferenceAnswer(1));
    const canary = { version: 'v2', steps: [2_000, 10_000], dwellMinutes: 0 };
    expect((await put({ versions: versions(9_500, 500), canary })).status).toBe(200);
    await expect.poll(aliasNow, { timeout: 15_000 }).toMatchObject({ versions: versions(0, 10_000) });
    expect(await aliasNow()).not.toHaveProperty('canary');
    const { body: audit } = await gateway.admin('GET', '/audit?kind=aliases&key=scorer/live');
    expect(audit.items.slice(0, 2)).toMatchObject([
      { action: 'ramp-step', actor: { name: 'automation' }, before: { versions: versions(8_000, 2_000) } },
      { action: 'ramp-step', after: { versions: versions(8_000, 2_000), canary: { steps: [10_000] } } },
    ]);
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MongoProcess, startMongoProcess } from '../support/mongo-process.ts';
import { OnnxModels } from '../support/onnx-endpoint.ts';
import { modelOf, value } from '../support/onnx-models.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { readSpool } from '../support/spool.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

/** The longest an operator waits to hear that the database is away. */
const QUICKLY_MS = 7_000;

let directory: string;
let database: MongoProcess;
let upstream: Upstream;
let gateway: TestGateway;
let secret: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-mongo-'));
  database = await startMongoProcess(directory);
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway({ MONGODB_URI: database.uri });
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  await gateway.register('/experiments', rankingExperiment({ sticky: {} }));
  await gateway.register('/experiments/ranker-v2/start', {});
  ({ secret } = await gateway.tenant('acme'));
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  await database.kill();
  await upstream.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

/** score = x + age */
function sumModel(): Uint8Array {
  const { FLOAT } = onnxProto.onnx.TensorProto.DataType;
  return modelOf({
    node: [{ opType: 'Add', input: ['x', 'age'], output: ['score'] }],
    input: [value('x', FLOAT, ['n']), value('age', FLOAT, ['n'])],
    output: [value('score', FLOAT, ['n'])],
  });
}

const infer = (url = gateway.url, unit = 'u1') =>
  call(`${url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'x-switchyard-unit': unit },
    body: INFER_BODY,
  });

let unitsSeen = 0;

async function expectInference(): Promise<void> {
  for (let index = 0; index < 50; index++) {
    const startedMs = performance.now();
    // Units that nobody has seen: their sticky assignments are asked for.
    const answer = await infer(gateway.url, `unit-${unitsSeen++}`);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get('x-switchyard-experiment')).toBe('ranker-v2');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  }
}

async function expectAdminRefused(): Promise<void> {
  for (const [method, path, body] of [
    ['GET', '/tenants', undefined],
    ['POST', '/tenants', { key: 'late' }],
    ['GET', '/audit', undefined],
  ] as const) {
    const startedMs = performance.now();
    expect(await gateway.admin(method, path, body)).toMatchObject({
      status: 503,
      body: { code: 'store-unavailable', retryable: true },
    });
    expect(performance.now() - startedMs, `${method} ${path}`).toBeLessThan(QUICKLY_MS);
  }
}

const measured = async (name: string) => {
  const { body } = await call(gateway.metricsUrl);
  return String(body)
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.split(' ')[1];
};
const freshness = () => measured('switchyard_configuration_fresh');
const stickyLookups = (outcome: string) => measured(`switchyard_sticky_lookups_total{outcome="${outcome}"}`);

async function expectRecovered(): Promise<void> {
  await expect
    .poll(async () => (await gateway.admin('GET', '/tenants')).status, { timeout: 20_000 })
    .toBe(200);
  await expect.poll(freshness, { timeout: 5_000 }).toBe('1');
}

describe('a database that is away', () => {
  it('and stands still does not hold up inference, is told of quickly, and is taken up again', async () => {
    database.signal('SIGSTOP');
    await expectInference();
    await expectAdminRefused();
    await expect.poll(freshness, { timeout: 20_000 }).toBe('0');
    await expectInference();
    database.signal('SIGCONT');
    await expectRecovered();
  });

  it('because it died does not hold up inference, is told of quickly, and is taken up again', async () => {
    await database.kill();
    await expectInference();
    await expectAdminRefused();
    await expectInference();
    database = await startMongoProcess(directory);
    await expectRecovered();
    await gateway.register('/tenants', { key: 'afterwards' });
  });

  it('leaves sticky experiments their plain draw, counted, and keeps it once the database is back', async () => {
    expect(Number(await stickyLookups('unavailable'))).toBeGreaterThan(0);
    const variant = (await infer(gateway.url, 'met-while-away')).headers.get('x-switchyard-variant');
    const weights = { control: 0, treatment: 0, [variant === 'control' ? 'treatment' : 'control']: 10_000 };
    const { variants, ...rest } = rankingExperiment({ sticky: {} });
    const reweighed = variants.map((one) => ({ ...one, weight: weights[one.key as keyof typeof weights] }));
    const answer = await gateway.admin(
      'PUT',
      '/experiments/ranker-v2',
      { ...rest, variants: reweighed },
      { 'if-match': '*' },
    );
    expect(answer.status).toBe(200);
    const seen = (await infer(gateway.url, 'met-while-away')).headers.get('x-switchyard-variant');
    expect(seen).toBe(variant);
    expect(Number(await stickyLookups('kept'))).toBeGreaterThan(0);
  });

  it('leaves features what is remembered of them, else their defaults, counted and in time', async () => {
    const models = await OnnxModels.create();
    const age = { column: 'age', default: 30 };
    const user = { entity: 'user', key: { unit: 'user' }, columns: [age], cacheSeconds: 600, timeoutMs: 300 };
    await models.serve(gateway, 'scorer', { v1: sumModel() }, { features: [user] });
    const features = ['ann', 'bob', 'eve'].map((key) => ({ key, tenant: 'acme', values: { age: 40 } }));
    await gateway.register('/features/user', { features });
    const score = async (unit: string) => {
      const startedMs = performance.now();
      const { body } = await call(`${gateway.url}/v2/models/scorer/infer`, {
        method: 'POST',
        headers: { 'x-api-key': secret, 'x-switchyard-unit': unit },
        body: INFER_BODY,
      });
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      return body.outputs[0].data[0];
    };
    await expect.poll(() => score('ann')).toBe(41);

    database.signal('SIGSTOP');
    // It stops when it would next run.
    await sleep(200);
    expect([await score('ann'), await score('bob')]).toEqual([41, 31]);
    database.signal('SIGCONT');
    await expectRecovered();
    await database.kill();
    expect([await score('ann'), await score('eve')]).toEqual([41, 31]);
    const lookups = 'switchyard_feature_lookups_total{endpoint="scorer",entity="user",outcome="unavailable"}';
    expect(Number(await measured(lookups))).toBe(2);

    database = await startMongoProcess(directory);
    await expectRecovered();
    await expect.poll(() => score('eve'), { timeout: 5_000 }).toBe(41);
    await models.remove();
  });

  it('at the start leaves the configuration on disk to serve from', async () => {
    await gateway.stop({ keepData: true });
    await database.kill();
    gateway = await startTestGateway({ MONGODB_URI: database.uri }, gateway.dataDir);
    expect(await call(`${gateway.url}/readyz`)).toMatchObject({ status: 200 });
    await expectInference();
    const { headers } = await infer();
    const ids = readSpool(gateway.dataDir, 'exposures').map(({ id }) => id);
    expect(ids).toContain(headers.get('x-request-id'));
    await expectAdminRefused();
    database = await startMongoProcess(directory);
    await expectRecovered();
  });

  it('at the very first start is waited for, without an answer that is not a problem', async () => {
    const ownDirectory = await temporaryDirectory();
    const uri = `mongodb://${encodeURIComponent(join(ownDirectory, 'mongo.sock'))}/`;
    const waiting = await startTestGateway({ MONGODB_URI: uri });
    expect(await call(`${waiting.url}/livez`)).toMatchObject({ status: 200 });
    expect(await call(`${waiting.url}/readyz`)).toMatchObject({ status: 503, body: { status: 'not-ready' } });
    expect(await infer(waiting.url)).toMatchObject({ status: 503, body: { code: 'not-ready' } });
    expect(await waiting.admin('GET', '/tenants')).toMatchObject({
      status: 503,
      body: { code: 'not-ready' },
    });
    const own = await startMongoProcess(ownDirectory);
    expect(own.uri).toBe(uri);
    await expect
      .poll(async () => (await call(`${waiting.url}/readyz`)).status, { timeout: 20_000 })
      .toBe(200);
    await waiting.register('/tenants', { key: 'first' });
    await waiting.stop();
    await own.kill();
  });

  it('does not hold up the end of the gateway', async () => {
    database.signal('SIGSTOP');
    const startedMs = performance.now();
    await gateway.stop({ keepData: true });
    expect(performance.now() - startedMs).toBeLessThan(QUICKLY_MS);
    database.signal('SIGCONT');
    gateway = await startTestGateway({ MONGODB_URI: database.uri }, gateway.dataDir);
  });
});

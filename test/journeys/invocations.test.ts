import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { readSpool } from '../support/spool.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let secret: string;

beforeAll(async () => {
  aws = await startUpstream(openInferenceAnswer(1));
  gcp = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: aws.url, gcp: gcp.url });
  const place = { kind: 'http', cloud: 'aws', region: 'eu-central-1', url: aws.url };
  await gateway.register('/targets', { key: 'pages', ...place });
  await gateway.register('/endpoints', { key: 'pages', defaultTarget: 'pages' });
  const ranker = {
    kind: 'oip',
    model: 'ranker',
    version: 'v2',
    region: 'eu-central-1',
    pricePerRequest: 0.25,
  };
  await gateway.register('/targets', { ...ranker, key: 'priced', cloud: 'aws', url: aws.url });
  await gateway.register('/targets', { ...ranker, key: 'dead', cloud: 'aws', url: 'http://127.0.0.1:1' });
  for (const key of ['priced', 'dead']) {
    await gateway.register('/endpoints', { key, defaultTarget: key });
    await gateway.register('/experiments', {
      ...{ key: `by-${key}`, endpoint: key, unit: 'user' },
      variants: ['control', 'same'].map((variant) => ({ key: variant, weight: 5_000, target: key })),
    });
    await gateway.register(`/experiments/by-${key}/start`, {});
  }
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop()]);
});

const ask = async (path: string) => {
  const headers = { 'x-api-key': secret, 'x-switchyard-unit': 'u1' };
  const answer = await call(`${gateway.url}${path}`, { method: 'POST', headers, body: INFER_BODY });
  const requestId = answer.headers.get('x-request-id');
  const invocations = () =>
    readSpool(gateway.dataDir, 'invocations').filter((row) => row['requestId'] === requestId);
  const exposure = () =>
    readSpool(gateway.dataDir, 'exposures').find((row) => row['requestId'] === requestId);
  return { answer, invocations, exposure };
};

describe('an invocation', () => {
  it('is recorded for every attempt, in an experiment or not', async () => {
    aws.behave(failWith(500));
    const { answer, invocations } = await ask('/v2/models/ranking/infer');
    aws.behave(openInferenceAnswer(1));

    expect(answer.status).toBe(200);
    expect(invocations()).toEqual([
      expect.objectContaining({
        target: 'ranker-v1-aws',
        call: 'primary',
        outcome: 'failed',
        error: 'failed',
        experiment: null,
      }),
      expect.objectContaining({
        target: 'ranker-v1-gcp',
        model: 'ranker',
        version: 'v1',
        cloud: 'gcp',
        call: 'fallback',
        outcome: 'answered',
        status: 200,
        latencyMs: expect.any(Number),
      }),
    ]);
  });

  it('is recorded for a proxied request', async () => {
    const { invocations } = await ask('/v1/proxy/pages/x');

    await expect
      .poll(invocations)
      .toEqual([
        expect.objectContaining({ target: 'pages', call: 'primary', outcome: 'answered', status: 200 }),
      ]);
  });

  it('says what became of the call and what it cost, and so does the exposure of all its calls together', async () => {
    aws.behave(failWith(500));
    const failed = await ask('/v2/models/priced/infer');
    aws.behave((_request, response) => response.destroy());
    const reset = await ask('/v2/models/priced/infer');
    aws.behave(openInferenceAnswer(1));
    const dead = await ask('/v2/models/dead/infer');

    expect(failed.invocations()[0]).toMatchObject({
      target: 'priced',
      error: 'failed',
      status: 500,
      cost: 0.25,
    });
    expect(failed.exposure()).toMatchObject({ fallback: true, cost: 0.25 });
    expect(reset.invocations()[0]).toMatchObject({ error: 'reset', status: null, cost: 0.25 });
    expect(dead.invocations()[0]).toMatchObject({ error: 'unreachable', status: null, cost: 0 });
    // The twin that answered declares no price.
    expect(dead.exposure()).toMatchObject({ fallback: true, cost: 0 });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let secret: string;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, {
    aws: upstream.url,
    gcp: upstream.url,
    endpoint: { parameters: { size: 0 } },
  });
  ({ secret } = await gateway.tenant('acme'));
  await gateway.register('/holdouts', {
    key: 'q4',
    unit: 'user',
    share: 5_000,
    metrics: { primary: 'error-rate' },
  });
  await gateway.register('/experiments', {
    key: 'size',
    endpoint: 'ranking',
    unit: 'user',
    variants: [1, 2].map((size) => ({ key: `v${size}`, weight: 5_000, parameters: { size } })),
  });
  await gateway.register('/experiments/size/start', {});
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const infer = (user: string) =>
  call(`${gateway.url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'content-type': 'application/json', 'x-switchyard-unit': user },
    body: INFER_BODY,
  });

describe('an inference', () => {
  it('hands out the parameters of its variant, and those of the endpoint to whoever is held out', async () => {
    const sizes = new Map<number, number>();
    for (let user = 0; user < 60; user++) {
      const { status, headers } = await infer(`user-${user}`);
      expect(status).toBe(200);
      const text = Buffer.from(headers.get('x-switchyard-parameters') ?? '', 'base64url').toString();
      const { size } = JSON.parse(text);
      sizes.set(size, (sizes.get(size) ?? 0) + 1);
    }
    expect([...sizes.keys()].sort()).toEqual([0, 1, 2]);
  });

  it('exposes holdouts and experiments on parameters, so that each has results of its own', async () => {
    const holdout = await gateway.admin('GET', '/holdouts/q4/results?fresh=true');
    expect(holdout).toMatchObject({ status: 200, body: { exposures: { total: 60 } } });
    const heldOut = holdout.body.exposures.byVariant['held-out'].units;
    const experiment = await gateway.admin('GET', '/experiments/size/results');
    expect(experiment.body.exposures.total).toBe(60 - heldOut);
    expect((await gateway.admin('GET', '/holdouts/none/results')).status).toBe(404);
  });
});

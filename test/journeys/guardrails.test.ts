import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let secret: string;

beforeAll(async () => {
  aws = await startUpstream(openInferenceAnswer(1));
  gcp = await startUpstream(failWith(500));
  gateway = await startTestGateway();
  // The treatment's model is in one cloud only, so that nothing stands in for it.
  await registerRanking(gateway, { aws: aws.url, gcp: gcp.url });
  await gateway.register('/models/ranker/versions', {
    version: 'v3',
    sha256: 'c'.repeat(64),
    sizeBytes: 1_000,
    artifacts: ['s3://models/ranker/v3.onnx'],
  });
  await gateway.register('/targets', {
    key: 'ranker-v3-gcp',
    kind: 'oip',
    model: 'ranker',
    version: 'v3',
    cloud: 'gcp',
    region: 'europe-west3',
    url: gcp.url,
  });
  const variants = [
    { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
    { key: 'treatment', weight: 5_000, target: 'ranker-v3-gcp' },
  ];
  await gateway.register('/experiments', rankingExperiment({ variants }));
  await gateway.register('/experiments/ranker-v2/start', {});
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop()]);
});

async function infer(user: string) {
  const { status, headers } = await call(`${gateway.url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'x-switchyard-unit': user },
    body: INFER_BODY,
  });
  return { status, variant: headers.get('x-switchyard-variant'), target: headers.get('x-switchyard-target') };
}

/** Three hundred users, twenty at a time: more at once would be shed. */
async function everybody() {
  const answers = [];
  for (let from = 0; from < 300; from += 20) {
    answers.push(
      ...(await Promise.all(Array.from({ length: 20 }, (_, index) => infer(`user-${from + index}`)))),
    );
  }
  return answers;
}

describe('a variant that fails', () => {
  it('is halted by the gateway itself: its units get the default, nobody else moves, and the audit log says why', async () => {
    const before = await everybody();
    expect(before.filter(({ status }) => status >= 500).length).toBeGreaterThan(100);
    const halts = async () => (await gateway.admin('GET', '/halts')).body.items;
    await expect.poll(halts, { timeout: 15_000 }).toHaveLength(1);

    expect((await halts())[0]).toMatchObject({
      key: 'ranker-v2.treatment',
      guardrail: 'error-rate',
      source: 'gateway',
      reason: expect.stringMatching(/^error-rate is \d/),
    });
    const after = await everybody();
    expect(after.filter(({ status, target }) => status !== 200 || target !== 'ranker-v1-aws')).toEqual([]);
    expect(after.map(({ variant }) => variant === 'control')).toEqual(
      before.map(({ variant }) => variant === 'control'),
    );
    const { body: audit } = await gateway.admin('GET', '/audit?kind=halts');
    expect(audit.items[0]).toMatchObject({
      action: 'guardrail-breached',
      actor: { name: 'guardrails' },
      key: 'ranker-v2.treatment',
    });
  });

  it('comes back when somebody deletes the halt', async () => {
    const { headers } = await gateway.admin('GET', '/halts/ranker-v2.treatment');
    const answer = await gateway.admin('DELETE', '/halts/ranker-v2.treatment', undefined, {
      'if-match': headers.get('etag') ?? '',
    });
    expect(answer.status).toBe(204);
    const back = await everybody();
    expect(back.some(({ status }) => status >= 500)).toBe(true);
  });
});

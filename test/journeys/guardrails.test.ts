import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryServer } from '../support/embedded-server.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

/** Two gateways of one installation: one database, one lake. */
let first: TestGateway;
let second: TestGateway;
let database: Awaited<ReturnType<typeof startTemporaryServer>>;
let aws: Upstream;
let gcp: Upstream;
let receiver: WebhookReceiver;
let webhookSecret: string;
let secret: string;

beforeAll(async () => {
  [aws, gcp, receiver, database] = await Promise.all([
    startUpstream(openInferenceAnswer(1)),
    startUpstream(failWith(500)),
    startWebhookReceiver(),
    startTemporaryServer(),
  ]);
  const environment = {
    MONGODB_URI: database.uri,
    LAKE_URI: pathToFileURL(join(database.directory, 'lake')).href,
    LAKE_GUARDRAILS_SECONDS: '1',
    WEBHOOKS_ALLOW_PRIVATE: 'true',
  };
  first = await startTestGateway(environment);
  second = await startTestGateway(environment);
  await first.register('/webhooks', {
    key: 'pager',
    url: receiver.url,
    kinds: ['halts'],
    actions: ['guardrail-breached'],
  });
  webhookSecret = (await first.register('/webhooks/pager/secret', {})).body.secret;
  // The failing model is in one cloud only, so that nothing stands in for it.
  await registerRanking(first, { aws: aws.url, gcp: gcp.url });
  await first.register('/models/ranker/versions', {
    version: 'v3',
    sha256: 'c'.repeat(64),
    sizeBytes: 1_000,
    artifacts: ['s3://models/ranker/v3.onnx'],
  });
  await first.register('/targets', {
    key: 'ranker-v3-gcp',
    kind: 'oip',
    model: 'ranker',
    version: 'v3',
    cloud: 'gcp',
    region: 'europe-west3',
    url: gcp.url,
  });
  await first.register('/metrics', { key: 'thanks', event: 'thanked', kind: 'proportion' });
  await first.register('/metrics', {
    key: 'complaints',
    event: 'complained',
    kind: 'proportion',
    direction: 'decrease',
  });
  await first.register('/experiments', rankingExperiment({ variants: variantsOn('ranker-v3-gcp') }));
  await first.register('/experiments/ranker-v2/start', {});
  ({ secret } = await first.tenant('acme'));
});

afterAll(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await Promise.all([aws.stop(), gcp.stop(), receiver.stop(), database.stop()]);
});

const variantsOn = (target: string) => [
  { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
  { key: 'treatment', weight: 5_000, target },
];

async function infer(gateway: TestGateway, user: string) {
  const { status, headers } = await call(`${gateway.url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'x-switchyard-unit': user },
    body: INFER_BODY,
  });
  return {
    user,
    status,
    variant: headers.get('x-switchyard-variant'),
    target: headers.get('x-switchyard-target'),
  };
}

/** Three hundred users, twenty at a time: more at once would be shed. */
async function everybody(...gateways: TestGateway[]) {
  const answers: Awaited<ReturnType<typeof infer>>[] = [];
  for (let from = 0; from < 300; from += 20) {
    const some = Array.from({ length: 20 }, (_, index) => from + index);
    answers.push(
      ...(await Promise.all(
        some.map((index) => infer(gateways[index % gateways.length] ?? first, `user-${index}`)),
      )),
    );
  }
  return answers;
}

async function report(gateway: TestGateway, users: readonly string[]) {
  const outcomes = users.map((user) => ({
    id: `complaint-${user}`,
    event: 'complained',
    unit: 'user',
    unitId: user,
  }));
  const { status, body } = await call(`${gateway.url}/v1/outcomes`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'content-type': 'application/json' },
    body: JSON.stringify({ outcomes }),
  });
  expect({ status, body }).toMatchObject({ status: 200 });
}

const haltsOf = async (gateway: TestGateway) => (await gateway.admin('GET', '/halts')).body.items;

/** What the webhook was told of a halt, its signature checked by somebody else's code. */
async function toldOf(key: string) {
  const told = () =>
    receiver.received
      .map(({ body, headers }) => new Webhook(webhookSecret).verify(body, headers))
      .filter((message) => (message as { data: { key: string } }).data.key === key);
  await expect.poll(told, { timeout: 10_000 }).toHaveLength(1);
  return told()[0];
}

describe('a variant that fails', () => {
  it('is halted by the gateway itself: its units get the default, nobody else moves, and whoever asked is told why', async () => {
    const before = await everybody(first);
    expect(before.filter(({ status }) => status >= 500).length).toBeGreaterThan(100);
    await expect.poll(() => haltsOf(first), { timeout: 15_000 }).toHaveLength(1);

    const [halt] = await haltsOf(first);
    expect(halt).toMatchObject({
      key: 'ranker-v2.treatment',
      guardrail: 'error-rate',
      source: 'gateway',
      reason: expect.stringMatching(/^error-rate is \d/),
    });
    await expect.poll(() => haltsOf(second), { timeout: 5_000 }).toHaveLength(1);
    const after = await everybody(first, second);
    expect(after.filter(({ status, target }) => status !== 200 || target !== 'ranker-v1-aws')).toEqual([]);
    expect(after.map(({ variant }) => variant === 'control')).toEqual(
      before.map(({ variant }) => variant === 'control'),
    );
    const { body: audit } = await first.admin('GET', '/audit?kind=halts');
    expect(audit.items[0]).toMatchObject({
      action: 'guardrail-breached',
      actor: { name: 'guardrails' },
      key: 'ranker-v2.treatment',
    });
    expect(await toldOf('ranker-v2.treatment')).toMatchObject({
      type: 'halts.guardrail-breached',
      data: { revision: audit.items[0].revision, after: { reason: halt.reason, source: 'gateway' } },
    });
  });

  it('comes back when somebody deletes the halt', async () => {
    const { headers } = await first.admin('GET', '/halts/ranker-v2.treatment');
    const answer = await first.admin('DELETE', '/halts/ranker-v2.treatment', undefined, {
      'if-match': headers.get('etag') ?? '',
    });
    expect(answer.status).toBe(204);
    const back = await everybody(first);
    expect(back.some(({ status }) => status >= 500)).toBe(true);
  });
});

describe('a variant whose units complain', () => {
  it('is halted by what the lake has of all gateways together: every gateway serves the control, and whoever asked is told why', async () => {
    await first.register('/experiments/ranker-v2/stop', {});
    await first.register('/experiments', {
      ...rankingExperiment({ variants: variantsOn('ranker-v2-aws') }),
      key: 'tone',
      metrics: { primary: 'thanks', guardrails: ['complaints'] },
    });
    await first.register('/experiments/tone/start', {});
    // Whoever asks a gateway for its configuration gets the newest, and it serves from it.
    await second.admin('GET', '/experiments/tone');

    const before = await everybody(first, second);
    const treated = before.filter(({ target }) => target === 'ranker-v2-aws');
    expect(treated.length).toBeGreaterThan(100);
    expect(before.filter(({ status }) => status !== 200)).toEqual([]);
    await report(
      second,
      treated.filter((_, index) => index % 3 > 0).map(({ user }) => user),
    );
    for (const gateway of [first, second]) {
      expect((await gateway.admin('GET', '/experiments/tone/results?fresh=true')).status).toBe(200);
    }
    const halts = async () =>
      (await haltsOf(second)).filter(({ experiment }: { experiment: string }) => experiment === 'tone');
    await expect.poll(halts, { timeout: 15_000 }).toHaveLength(1);

    const [halt] = await halts();
    expect(halt).toMatchObject({
      key: 'tone.treatment',
      guardrail: 'complaints',
      source: 'lake',
      reason: expect.stringMatching(/^complaints is \d.* higher in treatment than in control/),
    });
    const after = await everybody(first, second);
    expect(after.filter(({ status, target }) => status !== 200 || target !== 'ranker-v1-aws')).toEqual([]);
    const { body: audit } = await first.admin('GET', '/audit?kind=halts&key=tone.treatment');
    expect(audit.items).toMatchObject([{ action: 'guardrail-breached', actor: { name: 'guardrails' } }]);
    expect(await toldOf('tone.treatment')).toMatchObject({
      type: 'halts.guardrail-breached',
      data: { revision: audit.items[0].revision, after: { reason: halt.reason, source: 'lake' } },
    });

    const verdict = async () => (await first.admin('GET', '/experiments/tone/results')).body.verdict;
    expect(await verdict()).toMatchObject({
      decision: 'roll-back',
      sentence: expect.stringMatching(/^Roll back: the guardrail complaints is breached: complaints is /),
      reasons: expect.arrayContaining([`treatment is halted: ${halt.reason}`]),
    });
    await first.register('/experiments/tone/stop', {});
    expect((await verdict()).sentence).toMatch(
      /^It has stopped, and the data say to roll back: the guardrail complaints is breached: .* to be taken\.$/,
    );
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLake } from '../support/lake.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let secret: string;

beforeAll(async () => {
  aws = await startUpstream(openInferenceAnswer(1));
  gcp = await startUpstream(openInferenceAnswer(3));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: aws.url, gcp: gcp.url });
  await gateway.register('/metrics', { key: 'rating', event: 'rated', kind: 'mean' });
  await gateway.register('/metrics', { key: 'liked', event: 'rated', kind: 'proportion', threshold: 2 });
  const metrics = { primary: 'rating', secondary: ['liked'], guardrails: ['error-rate', 'latency'] };
  await gateway.register('/experiments', rankingExperiment({ metrics }));
  await gateway.register('/experiments/ranker-v2/start', {});
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop()]);
});

const report = (body: unknown, headers: Record<string, string> = {}) =>
  call(`${gateway.url}/v1/outcomes`, {
    method: 'POST',
    headers: { 'x-api-key': secret, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const results = async () => {
  const answer = await gateway.admin('GET', '/experiments/ranker-v2/results?fresh=true');
  expect(answer.status).toBe(200);
  return answer.body;
};

describe('reporting outcomes', () => {
  const good = (id: string) => ({ id, event: 'seen', unit: 'user', unitId: 'u1' });

  it('takes the good ones of a batch and says of each other what is wrong with it', async () => {
    const hour = 3_600_000;
    const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
    const answer = await report({
      outcomes: [
        good('g1'),
        { ...good('b1'), at: at(-31 * 24 * hour) },
        { ...good('b2'), at: at(hour) },
        { ...good('b3'), unitId: undefined },
        { ...good('b4'), unit: 'tenant', unitId: 'globex' },
        good('g1'),
        { ...good('b5'), event: 'NOT A KEY', colour: 'red' },
        null,
        { ...good('g2'), unit: 'tenant', unitId: undefined, at: at(-hour), value: -1.5, requestId: 'r' },
      ],
    });
    expect(answer).toMatchObject({ status: 200, body: { accepted: 2 } });
    expect(
      answer.body.rejected.map(({ index, id, code }: Record<string, unknown>) => [index, id, code]),
    ).toEqual([
      [1, 'b1', 'too-old'],
      [2, 'b2', 'in-the-future'],
      [3, 'b3', 'invalid'],
      [4, 'b4', 'wrong-unit'],
      [5, 'g1', 'duplicate'],
      [6, 'b5', 'invalid'],
      [7, null, 'invalid'],
    ]);
    expect(answer.body.rejected[5].message).toMatch(/\/event: .*; \/colour: /);
    await results();
    const ids = (await readLake(gateway.dataDir, 'outcomes')).map(({ id }) => id);
    expect(ids.sort()).toEqual(['g1', 'g2']);
  });

  it.each([
    ['no JSON', '{"outcomes": [', 400, 'invalid-request'],
    ['no batch', {}, 400, 'invalid-request'],
    ['an empty batch', { outcomes: [] }, 400, 'invalid-request'],
    ['a batch of 1,001', { outcomes: Array.from({ length: 1_001 }, () => null) }, 400, 'invalid-request'],
    ['a body of 5 MB', ' '.repeat(5_000_000), 413, 'body-too-large'],
  ])('refuses %s whole', async (_what, body, status, code) => {
    expect(await report(body)).toMatchObject({ status, body: { code } });
  });

  it('loses none for the characters in its id', async () => {
    const odd = [
      '\u0000',
      'a\u0000b',
      '\ud800',
      '\udc00\ud800',
      '\u2028',
      '"',
      '\\',
      '🎬',
      'é',
      '\n',
      '\u007f',
      ' ',
    ];
    const answer = await report({
      outcomes: odd.map((id) => ({ ...good(id), event: 'odd', requestId: id })),
    });
    const refused = answer.body.rejected.map(({ index }: { index: number }) => index);
    const taken = odd.filter((_id, index) => !refused.includes(index));
    await results();
    const found = (await readLake(gateway.dataDir, 'outcomes')).filter(({ event }) => event === 'odd');
    expect(found.map(({ id }) => id).sort()).toEqual(taken.sort());
    expect(found.map(({ request_id: requestId }) => requestId).sort()).toEqual(taken.sort());
    expect(refused).toEqual([2, 3]);
  });
});

describe('the results of an experiment', () => {
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  const variants = new Map<string, string>();
  const outcomes: Record<string, unknown>[] = [];

  it('follow from what was assigned, served and reported', async () => {
    for (const user of users) {
      const answer = await call(`${gateway.url}/v2/models/ranking/infer`, {
        method: 'POST',
        headers: { 'x-api-key': secret, 'x-switchyard-unit': user },
        body: INFER_BODY,
      });
      variants.set(user, answer.headers.get('x-switchyard-variant') ?? '');
      const requestId = answer.headers.get('x-request-id');
      const value = answer.body.outputs[0].data[0];
      outcomes.push({ id: `rated-${user}`, event: 'rated', unit: 'user', unitId: user, value, requestId });
    }
    expect((await report({ outcomes })).body).toEqual({ accepted: 60, rejected: [] });

    const treated = [...variants.values()].filter((variant) => variant === 'treatment').length;
    const counts = { control: 60 - treated, treatment: treated };
    const body = await results();
    expect(body).toMatchObject({ experiment: 'ranker-v2', fallbacks: 0 });
    expect(body.exposures).toMatchObject({
      total: 60,
      units: 60,
      excludedUnits: 0,
      byVariant: {
        control: { exposures: counts.control, units: counts.control },
        treatment: { exposures: counts.treatment, units: counts.treatment },
      },
    });
    expect(body.sampleRatio).toMatchObject({ ok: true });
    const [rating, liked, ...guardrails] = body.metrics;
    expect(rating).toMatchObject({
      key: 'rating',
      role: 'primary',
      variants: [
        { key: 'control', n: counts.control, mean: 1, standardDeviation: 0 },
        { key: 'treatment', n: counts.treatment, mean: 3, standardDeviation: 0 },
      ],
      comparisons: [{ variant: 'treatment', absolute: { estimate: 2 }, lift: { estimate: 2 } }],
    });
    expect(liked.variants).toMatchObject([
      { key: 'control', mean: 0 },
      { key: 'treatment', mean: 1 },
    ]);
    expect(guardrails.map(({ key }: { key: string }) => key)).toEqual(['error-rate', 'latency']);
    expect(body.asServed).toEqual(
      expect.arrayContaining([
        {
          variant: 'control',
          target: 'ranker-v1-aws',
          model: 'ranker',
          version: 'v1',
          cloud: 'aws',
          exposures: counts.control,
        },
        {
          variant: 'treatment',
          target: 'ranker-v2-gcp',
          model: 'ranker',
          version: 'v2',
          cloud: 'gcp',
          exposures: counts.treatment,
        },
      ]),
    );
    expect(body.verdict.decision).toBe('keep-running');
  });

  it('do not change when outcomes are sent again', async () => {
    const before = await results();
    expect((await report({ outcomes })).body.accepted).toBe(60);
    const after = await results();
    expect(toTwelveDigits(after.metrics)).toEqual(toTwelveDigits(before.metrics));
    expect(after.exposures).toEqual(before.exposures);
  });

  it('keep what was assigned apart from what was served, and count errors', async () => {
    const treated = users.filter((user) => variants.get(user) === 'treatment');
    const [first = '', second = ''] = treated;
    const infer = (user: string) =>
      call(`${gateway.url}/v2/models/ranking/infer`, {
        method: 'POST',
        headers: { 'x-api-key': secret, 'x-switchyard-unit': user },
        body: INFER_BODY,
      });
    gcp.behave(failWith(500));
    expect(await infer(first)).toMatchObject({ status: 200 });
    aws.behave(failWith(500));
    expect(await infer(second)).toMatchObject({ status: 502 });
    const body = await results();
    expect(body).toMatchObject({ fallbacks: 1, exposures: { total: 62, units: 60 } });
    expect(body.asServed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          variant: 'treatment',
          target: 'ranker-v2-aws',
          cloud: 'aws',
          exposures: 1,
        }),
        expect.objectContaining({ variant: 'treatment', target: null, cloud: null, exposures: 1 }),
      ]),
    );
    expect(body.serving).toEqual(
      expect.arrayContaining([expect.objectContaining({ variant: 'treatment', cloud: null, errors: 1 })]),
    );
  });

  it('are there for a draft too, and not for what does not exist', async () => {
    await gateway.register('/experiments', rankingExperiment({ key: 'idle' }));
    const idle = await gateway.admin('GET', '/experiments/idle/results');
    expect(idle).toMatchObject({ status: 200, body: { exposures: { total: 0 } } });
    expect(await gateway.admin('GET', '/experiments/nothing/results')).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
  });
});

/** Threads add in the order in which they finish: the last digit of a sum is theirs. */
function toTwelveDigits(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part) => (typeof part === 'number' ? Number(part.toPrecision(12)) : part)),
  );
}

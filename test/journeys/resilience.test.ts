import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, hang, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let secret: string;

const well = openInferenceAnswer(1);

beforeAll(async () => {
  aws = await startUpstream(well);
  gcp = await startUpstream(well);
  gateway = await startTestGateway();
  await gateway.register('/models', { key: 'ranker' });
  await register('busy');
  await register('crowded');
  await register('hedged', { endpoint: { hedge: { maxShareBp: 5_000 } } });
  await register('impatient', { aws: { firstByteTimeoutMs: 50 } });
  await register('blind', { endpoint: { blinded: true } });
  ({ secret } = await gateway.tenant('acme'));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop()]);
});

afterEach(() => {
  for (const upstream of [aws, gcp]) upstream.behave(well);
});

const infer = (endpoint: string, headers: Record<string, string> = {}) =>
  call(`${gateway.url}/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'x-switchyard-debug': 'decisions', ...headers },
    body: INFER_BODY,
  });

/** A version of its own, so that no test finds what another has left: a target in each cloud, and an endpoint. */
async function register(
  version: string,
  { endpoint = {}, aws: onAws = {} }: { readonly endpoint?: object; readonly aws?: object } = {},
): Promise<void> {
  const place = { kind: 'oip', model: 'ranker', version, region: 'r' };
  await gateway.register('/models/ranker/versions', {
    version,
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://models/ranker'],
  });
  await gateway.register('/targets', {
    ...place,
    key: `${version}-aws`,
    cloud: 'aws',
    url: aws.url,
    ...onAws,
  });
  await gateway.register('/targets', { ...place, key: `${version}-gcp`, cloud: 'gcp', url: gcp.url });
  await gateway.register('/endpoints', { key: version, defaultTarget: `${version}-aws`, ...endpoint });
}

const decisions = ({ headers }: { readonly headers: Headers }) => headers.get('x-switchyard-decisions');

const slowly =
  (ms: number): RequestListener =>
  (request, response) =>
    void sleep(ms).then(() => (response.destroyed ? undefined : well(request, response)));

async function counted(decision: string): Promise<number> {
  const text = await (await fetch(gateway.metricsUrl)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`switchyard_decisions_total{`));
  return lines
    .filter((line) => line.includes(`decision="${decision}"`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('the decisions of a request', () => {
  it('are told to whoever asks, in their order, and counted', async () => {
    expect(decisions(await infer('busy'))).toBe('');
    const before = await counted('twin');
    aws.behave(failWith(503, 'busy'));
    expect(decisions(await infer('busy'))).toBe(
      'failed;busy-aws;overloaded, retry;busy-aws, failed;busy-aws;overloaded, twin;busy-gcp',
    );
    expect(await counted('twin')).toBe(before + 1);
  });

  it('are nobody’s business on a blinded endpoint, or unasked', async () => {
    expect(decisions(await infer('blind'))).toBeNull();
    expect(decisions(await infer('busy', { 'x-switchyard-debug': '' }))).toBeNull();
  });
});

describe('targets that have too much to do', () => {
  it('are said to be so, with a time to come back', async () => {
    for (const upstream of [aws, gcp]) upstream.behave(failWith(429, 'slow down'));
    const answer = await infer('busy');
    expect(answer).toMatchObject({ status: 503, body: { code: 'overloaded', retryable: true } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('get no more at a time than they can do; the rest goes to the twin', async () => {
    const held: (() => void)[] = [];
    for (const upstream of [aws, gcp]) {
      upstream.behave((request, response) => {
        held.push(() => well(request, response));
        if (held.length === 120) for (const answer of held) answer();
      });
    }
    const answers = await Promise.all(Array.from({ length: 120 }, () => infer('crowded')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const served = answers.map(({ headers }) => headers.get('x-switchyard-target'));
    expect(served.filter((target) => target === 'crowded-aws')).toHaveLength(64);
    expect(served.filter((target) => target === 'crowded-gcp')).toHaveLength(56);
    expect(await counted('shed')).toBeGreaterThanOrEqual(56);
  });
});

describe('a target that takes longer than it usually does', () => {
  it('is hedged by its twin, within a share of the requests, and the slower one is cancelled', async () => {
    for (let index = 0; index < 25; index++) await infer('hedged');
    let cancelled = 0;
    aws.behave((request, response) => {
      response.once('close', () => {
        if (!response.writableFinished) cancelled += 1;
      });
      slowly(5_000)(request, response);
    });
    const answer = await infer('hedged');
    expect(answer).toMatchObject({ status: 200 });
    expect(decisions(answer)).toBe('hedge;hedged-gcp, hedge-answered;hedged-gcp');
    expect(answer.headers.get('x-switchyard-target')).toBe('hedged-gcp');
    await expect.poll(() => cancelled).toBe(1);
  });

  it('may be the one to answer all the same', async () => {
    for (let index = 0; index < 25; index++) await infer('hedged');
    aws.behave(slowly(150));
    gcp.behave(hang);
    const answer = await infer('hedged');
    expect(answer.headers.get('x-switchyard-target')).toBe('hedged-aws');
    expect(decisions(answer)).toBe('hedge;hedged-gcp');
  });
});

describe('a target that does not begin to answer', () => {
  it('is given up after its own limit, long before the deadline', async () => {
    aws.behave(hang);
    const startedMs = performance.now();
    const answer = await infer('impatient');
    expect(answer.status).toBe(200);
    expect(decisions(answer)).toMatch(/^failed;impatient-aws;timeout, twin;/);
    expect(answer.headers.get('x-switchyard-target')).toBe('impatient-gcp');
    expect(performance.now() - startedMs).toBeLessThan(8_000);
  });
});

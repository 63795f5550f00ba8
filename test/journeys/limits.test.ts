import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, registerRanking } from '../support/ranking-endpoint.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;

const well = openInferenceAnswer(1);

beforeAll(async () => {
  upstream = await startUpstream(well);
  gateway = await startTestGateway({ MAX_IN_FLIGHT: '4' });
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  await gateway.register('/targets', {
    key: 'pages',
    kind: 'http',
    cloud: 'aws',
    region: 'r',
    url: upstream.url,
  });
  await gateway.register('/endpoints', {
    key: 'pages',
    defaultTarget: 'pages',
    limits: { maxBodyBytes: 10 },
  });
  await gateway.register('/endpoints', {
    key: 'narrow',
    defaultTarget: 'ranker-v1-aws',
    limits: { requestsPerSecond: 3, concurrency: 2 },
  });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

afterEach(() => upstream.behave(well));

async function tenant(key: string, limits?: Record<string, number>): Promise<string> {
  await gateway.register('/tenants', { key, ...(limits === undefined ? {} : { limits }) });
  return (await gateway.register(`/tenants/${key}/keys`, { name: 'test' })).body.secret;
}

const infer = (secret: string, endpoint = 'ranking', body = INFER_BODY) =>
  call(`${gateway.url}/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret },
    body,
  });

const statuses = (answers: readonly { readonly status: number }[]) =>
  answers.map(({ status }) => status).sort((a, b) => a - b);

/** Waits for the beginning of a second of the clock that rates are counted by. */
const nextWindow = () => sleep(1_100);

describe('a rate', () => {
  it('is told with every answer, refused when it is passed, and open again a second later', async () => {
    const secret = await tenant('rated', { requestsPerSecond: 2 });
    const first = await infer(secret);
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"tenant";q=2;w=1');
    expect(first.headers.get('ratelimit')).toBe('"tenant";r=1;t=1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => infer(secret)));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'rate-limited', retryable: true });
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(refused?.headers.get('ratelimit')).toBe('"tenant";r=0;t=1');
    await nextWindow();
    expect(await infer(secret)).toMatchObject({ status: 200 });
  });

  it('of an endpoint holds for all its tenants together, and for no other endpoint', async () => {
    const [one, other] = [await tenant('one'), await tenant('other')];
    const answers = [];
    for (let index = 0; index < 5; index++)
      answers.push(await infer(index % 2 === 0 ? one : other, 'narrow'));
    expect(statuses(answers).slice(0, 3)).toEqual([200, 200, 200]);
    expect(statuses(answers)).toContain(429);
    expect(await infer(one)).toMatchObject({ status: 200 });
    await nextWindow();
  });
});

describe('requests under way at a time', () => {
  it('are bounded, and free their place however they end', async () => {
    const secret = await tenant('crowd', { concurrency: 2 });
    upstream.behave((request, response) => void sleep(200).then(() => well(request, response)));
    expect(statuses(await Promise.all([infer(secret), infer(secret), infer(secret)]))).toEqual([
      200, 200, 429,
    ]);
    const leaving = new AbortController();
    const left = fetch(`${gateway.url}/v2/models/ranking/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret },
      body: INFER_BODY,
      signal: leaving.signal,
    });
    leaving.abort();
    await expect(left).rejects.toThrow();
    await expect
      .poll(async () => statuses(await Promise.all([infer(secret), infer(secret)])))
      .toEqual([200, 200]);
  });
});

describe('the quota of a month', () => {
  it('is used up by requests, and says when it comes back', async () => {
    const secret = await tenant('metered', { requestsPerMonth: 3 });
    expect(statuses([await infer(secret), await infer(secret), await infer(secret)])).toEqual([
      200, 200, 200,
    ]);
    const answer = await infer(secret);
    expect(answer).toMatchObject({ status: 429, body: { code: 'quota-exhausted' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('the size of a body', () => {
  it('is bounded by the smaller of the limits of tenant and endpoint', async () => {
    const secret = await tenant('small', { maxBodyBytes: 20 });
    expect(await infer(secret)).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    const proxied = (init: RequestInit & { readonly duplex?: 'half' }) =>
      call(`${gateway.url}/v1/proxy/pages/x`, { method: 'POST', headers: { 'x-api-key': secret }, ...init });
    expect(await proxied({ body: 'x'.repeat(11) })).toMatchObject({ status: 413 });
    expect(await proxied({ body: 'x'.repeat(10) })).toMatchObject({ status: 200 });
    const chunked = new Blob(['x']).stream();
    expect(await proxied({ body: chunked, duplex: 'half' })).toMatchObject({
      status: 411,
      body: { code: 'length-required' },
    });
  });
});

describe('a tenant that asks for everything', () => {
  it('delays another tenant by a turn, not by its queue', async () => {
    const [loud, quiet] = [await tenant('loud'), await tenant('quiet')];
    upstream.behave((request, response) => void sleep(50).then(() => well(request, response)));
    const order: string[] = [];
    const asking = Array.from({ length: 60 }, () =>
      infer(loud).then(({ status }) => order.push(`loud ${status}`)),
    );
    await sleep(150);
    await infer(quiet).then(({ status }) => order.push(`quiet ${status}`));
    const before = order.length;
    await Promise.all(asking);
    expect(order).toHaveLength(61);
    expect(order).not.toContain('loud 503');
    expect(before).toBeLessThan(50);
  });
});

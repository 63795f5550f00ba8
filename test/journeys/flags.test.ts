import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerFlag, registerFlagEndpoint } from '../support/flags.ts';
import { readLake } from '../support/lake.ts';
import { type ApiAnswer, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let secret: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ secret } = await gateway.tenant('acme', { plan: 'pro' }));
  await registerFlagEndpoint(gateway);
  const onOff = [{ value: false }, { value: true }];
  await registerFlag(gateway, 'checkout', { values: onOff });
  await registerFlag(gateway, 'banner', {
    values: [
      { text: 'a', size: 1 },
      { text: 'b', size: 2 },
    ],
    weights: [0, 10_000],
    audience: { 'tenant.plan': 'pro' },
  });
  await registerFlag(gateway, 'others', { values: onOff, audience: { 'tenant.plan': 'free' } });
  await registerFlag(gateway, 'over', { values: onOff });
  await gateway.register('/experiments/over/pause', {});
  await gateway.register('/endpoints', { key: 'private', defaultTarget: 'nowhere', tenants: ['acme'] });
  await registerFlag(gateway, 'hidden', { values: onOff, endpoint: 'private' });
});

afterAll(() => gateway.stop());

function evaluate(key: string, body: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
  return call(`${gateway.url}/ofrep/v1/evaluate/flags${key === '' ? '' : `/${key}`}`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const forUser = (targetingKey: string) => ({ context: { targetingKey } });

describe('one flag', () => {
  it('is what the variant carries, the same for a user every time, with its reason', async () => {
    const split = await evaluate('checkout', forUser('u1'));
    expect(split).toMatchObject({ status: 200, body: { key: 'checkout', reason: 'SPLIT' } });
    expect(split.body.value).toBe(split.body.variant === 'v1');
    expect((await evaluate('checkout', { context: { user: 'u1' } })).body).toEqual(split.body);
    expect((await evaluate('banner', forUser('u1'))).body).toMatchObject({
      reason: 'TARGETING_MATCH',
      variant: 'v1',
      value: { text: 'b', size: 2 },
    });
    const values = new Set<unknown>();
    for (let n = 0; n < 20; n++) values.add((await evaluate('checkout', forUser(`u${n}`))).body.value);
    expect(values.size).toBe(2);
  });

  it("is the client's own default outside of the experiment, and where it is paused", async () => {
    for (const [key, reason] of [
      ['others', 'DEFAULT'],
      ['over', 'DISABLED'],
    ] as const) {
      const { body } = await evaluate(key, forUser('u1'));
      expect(body).toMatchObject({ key, reason });
      expect(body).not.toHaveProperty('value');
      expect(body).not.toHaveProperty('variant');
    }
  });

  it.each([
    ['nothing', forUser('u1'), 404, 'FLAG_NOT_FOUND'],
    ['checkout', {}, 400, 'TARGETING_KEY_MISSING'],
    ['checkout', '{"context":', 400, 'PARSE_ERROR'],
    ['checkout', '[]', 400, 'PARSE_ERROR'],
    ['checkout', { context: 'u1' }, 400, 'INVALID_CONTEXT'],
    ['checkout', { context: { targetingKey: 7 } }, 400, 'INVALID_CONTEXT'],
  ])('%s with %j is refused with %i %s', async (key, body, status, errorCode) => {
    const answer = await evaluate(key, body);
    expect(answer).toMatchObject({ status, body: { key, errorCode, errorDetails: expect.any(String) } });
  });

  it('of another tenant is as if it were not there', async () => {
    const { secret: other } = await gateway.tenant('globex');
    const foreign = await evaluate('hidden', forUser('u1'), { 'x-api-key': other });
    expect(foreign).toMatchObject({ status: 404, body: { errorCode: 'FLAG_NOT_FOUND' } });
    const bulk = await evaluate('', forUser('u1'), { 'x-api-key': other });
    expect(bulk.body.flags.map(({ key }: { key: string }) => key)).not.toContain('hidden');
  });

  it('is an exposure each time, and all of them together are none', async () => {
    const used = await evaluate('checkout', forUser('exposed'));
    await evaluate('', forUser('exposed-not'));
    await evaluate('others', forUser('exposed-not'));
    await gateway.admin('GET', '/experiments/checkout/results?fresh=true');
    const rows = await readLake(gateway.dataDir, 'exposures');
    const exposures = rows.filter((row) => row['request_id'] === used.headers.get('x-request-id'));
    expect(exposures).toMatchObject([{ experiment: 'checkout', variant: used.body.variant, status: 200 }]);
    expect(rows.filter((row) => row['experiment'] === 'others')).toEqual([]);
  });
});

describe('all flags', () => {
  it('come with each its own answer or error', async () => {
    const { status, body } = await evaluate('', forUser('u1'));
    expect(status).toBe(200);
    expect(body.flags.map(({ key }: { key: string }) => key)).toEqual([
      'banner',
      'checkout',
      'hidden',
      'others',
      'over',
    ]);
    expect(body.flags[1]).toEqual((await evaluate('checkout', forUser('u1'))).body);
    const nobody = await evaluate('', {});
    expect(nobody.body.flags[1]).toMatchObject({ key: 'checkout', errorCode: 'TARGETING_KEY_MISSING' });
  });

  it('have an ETag over configuration, context and tenant', async () => {
    const first = await evaluate('', forUser('u1'));
    const etag = first.headers.get('etag') ?? '';
    const known = { 'if-none-match': etag };
    expect(await evaluate('', forUser('u1'), known)).toMatchObject({ status: 304, body: '' });
    expect(await evaluate('', forUser('u2'), known)).toMatchObject({ status: 200 });
    const { secret: other } = await gateway.tenant('initech', { plan: 'pro' });
    expect(await evaluate('', forUser('u1'), { ...known, 'x-api-key': other })).toMatchObject({
      status: 200,
    });
    await gateway.register('/layers', { key: 'a-change' });
    expect(await evaluate('', forUser('u1'), known)).toMatchObject({ status: 200 });
  });

  it('name a stream that tells of changes at once, to whoever has its address', async () => {
    const { body } = await evaluate('', forUser('u1'));
    const [stream] = body.eventStreams;
    expect(stream).toMatchObject({ type: 'sse', inactivityDelaySec: 120 });
    const leaving = new AbortController();
    const response = await fetch(new URL(stream.endpoint.requestUri, gateway.url), {
      signal: leaving.signal,
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await gateway.register('/layers', { key: 'told' });
    let heard = '';
    while (!heard.includes('refetchEvaluation')) heard += (await reader?.read())?.value ?? '';
    expect(heard).toMatch(/data: \{"type":"refetchEvaluation","etag":"\d+"\}/);
    leaving.abort();

    const [tenant, expires, signature] =
      new URL(stream.endpoint.requestUri, gateway.url).searchParams.get('token')?.split('~') ?? [];
    for (const token of [
      '',
      `globex~${expires}~${signature}`,
      `${tenant}~${Number(expires) + 1}~${signature}`,
    ]) {
      const url = `${gateway.url}/ofrep/v1/events?token=${encodeURIComponent(token)}`;
      expect((await call(url)).status).toBe(404);
    }
  });
});

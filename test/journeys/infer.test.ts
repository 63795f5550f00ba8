import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { type ApiAnswer, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { failWith, hang, openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let aws: Upstream;
let gcp: Upstream;
let secret: string;

beforeAll(async () => {
  aws = await startUpstream(openInferenceAnswer(1));
  gcp = await startUpstream(openInferenceAnswer(2));
  gateway = await startTestGateway({ SWITCHYARD_TARGET_AWS: 'aws-token' });
  await registerRanking(gateway, { aws: aws.url, gcp: gcp.url });
  await gateway.register(
    '/experiments',
    rankingExperiment({ audience: { 'tenant.plan': 'pro', bot: { $ne: true } } }),
  );
  await gateway.register('/experiments/ranker-v2/start', {});
  ({ secret } = await gateway.tenant('acme', { plan: 'pro' }));
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([aws.stop(), gcp.stop()]);
});

beforeEach(() => {
  aws.behave(openInferenceAnswer(1));
  gcp.behave(openInferenceAnswer(2));
  aws.requests.length = 0;
  gcp.requests.length = 0;
});

function infer(
  headers: Record<string, string> = {},
  body: string = INFER_BODY,
  endpoint = 'ranking',
): Promise<ApiAnswer> {
  return call(`${gateway.url}/v2/models/${endpoint}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': secret, ...headers },
    body,
  });
}

/** Everything appended to the spool and not yet shipped. */
async function spooled(): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  const root = join(gateway.dataDir, 'spool');
  for (const name of await readdir(root, { recursive: true })) {
    if (!/exposures.*\.(open|sealed|ndjson)/.test(name) && !name.includes('exposures')) continue;
    const text = await readFile(join(root, name), 'utf8').catch(() => '');
    found.push(
      ...text
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
    );
  }
  return found;
}

/** A user whom the experiment puts into the variant. */
async function userIn(variant: string): Promise<string> {
  for (let index = 0; index < 100; index++) {
    const user = `user-${index}`;
    const answer = await infer({ 'x-switchyard-unit': user });
    if (answer.headers.get('x-switchyard-variant') === variant) return user;
  }
  throw new Error(`a hundred users and none of them in ${variant}`);
}

describe('a prediction of a model whose version was registered without a signature', () => {
  const predict = (headers: Record<string, string> = {}) =>
    call(`${gateway.url}/v1/models/ranking:predict`, {
      method: 'POST',
      headers: { 'x-api-key': secret, ...headers },
      body: '{"instances": [1, 2]}',
    });

  it('is refused within its deadline while no target says what the model takes', async () => {
    for (const upstream of [aws, gcp]) upstream.behave(hang);
    const startedMs = performance.now();
    expect(await predict({ 'x-request-timeout-ms': '200' })).toMatchObject({
      status: 504,
      body: { code: 'deadline-exceeded', detail: expect.stringContaining('signature') },
    });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
  });

  it('is answered by the twin, which says so too, while its target is away', async () => {
    const tensor = { datatype: 'FP32', shape: [-1] };
    aws.behave(failWith(500));
    gcp.behave((request, response) => {
      if (request.method === 'POST') return openInferenceAnswer(2)(request, response);
      response.end(
        JSON.stringify({ inputs: [{ ...tensor, name: 'x' }], outputs: [{ ...tensor, name: 'score' }] }),
      );
    });
    expect(await predict()).toMatchObject({ status: 200, body: { predictions: [2] } });
  });
});

describe('an inference request', () => {
  it('is answered alike through Express, where its path has an escape, and without', async () => {
    const unit = { 'x-switchyard-unit': 'user-1' };
    const answers = (body: string) =>
      Promise.all(['ranking', 'rankin%67'].map((written) => infer(unit, body, written)));
    const alike = ({ status, headers, body }: ApiAnswer) => ({
      status,
      headers: [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id'),
      body: { ...body, instance: undefined },
    });
    for (const body of [INFER_BODY, '{"parameters": broken']) {
      const [direct, through] = await answers(body);
      if (direct === undefined || through === undefined) throw new Error('two were asked');
      expect(alike(direct)).toEqual(alike(through));
      expect(direct.headers.get('x-request-id')).not.toBe(through.headers.get('x-request-id'));
    }
  });

  it('is answered by the target of the variant, always the same one for a user', async () => {
    const variants = new Set<string>();
    for (let index = 0; index < 40; index++) {
      const first = await infer({ 'x-switchyard-unit': `u${index}` });
      const again = await infer({ 'x-switchyard-unit': `u${index}` });
      const variant = first.headers.get('x-switchyard-variant');
      expect(first.status).toBe(200);
      expect(again.headers.get('x-switchyard-variant')).toBe(variant);
      expect(first.body.outputs[0].data).toEqual([variant === 'control' ? 1 : 2]);
      expect(first.headers.get('x-switchyard-model')).toBe(variant === 'control' ? 'ranker/v1' : 'ranker/v2');
      if (variant !== null) variants.add(variant);
    }
    expect([...variants].sort()).toEqual(['control', 'treatment']);
  });

  it('passes the body on byte for byte, so that no big integer is rewritten', async () => {
    const body =
      '{"id": "1", "inputs": [{"name":"x","datatype":"INT64","shape":[1],"data":[9223372036854775807]}]}';
    await infer({}, body);
    expect(aws.requests[0]?.body).toBe(body);
  });

  it("carries the request id and trace context to the target, and none of the tenant's credentials", async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await infer({ traceparent, authorization: `Bearer ${secret}` });
    const { headers = {}, url } = aws.requests[0] ?? {};
    expect(headers).toMatchObject({ traceparent, 'x-request-id': answer.headers.get('x-request-id') });
    expect(JSON.stringify(headers)).not.toContain(secret);
    expect(url).toBe('/v2/models/ranker/versions/v1/infer');
  });

  it('records the exposure with what was assigned and what was served, and a pseudonym for the unit', async () => {
    const answer = await infer({ 'x-switchyard-unit': 'secret-user-name' });
    const records = await spooled();
    const exposure = records.find(({ id }) => id === answer.headers.get('x-request-id'));
    expect(exposure).toMatchObject({
      tenant: 'acme',
      endpoint: 'ranking',
      experiment: 'ranker-v2',
      status: 200,
      fallback: false,
      attempts: 1,
      propensityBp: 5_000,
    });
    expect(JSON.stringify(records)).not.toContain('secret-user-name');
  });

  it('is not an exposure when the unit is not in the audience, or not known', async () => {
    const context = Buffer.from(JSON.stringify({ user: 'u1', bot: true })).toString('base64url');
    const bot = await infer({ 'x-switchyard-context': context });
    const anonymous = await infer();
    const ids = (await spooled()).map(({ id }) => id);
    for (const answer of [bot, anonymous]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-switchyard-experiment')).toBeNull();
      expect(answer.headers.get('x-switchyard-target')).toBe('ranker-v1-aws');
      expect(ids).not.toContain(answer.headers.get('x-request-id'));
    }
  });

  it("takes the unit from the protocol's parameters too", async () => {
    const user = await userIn('treatment');
    const body = JSON.stringify({ parameters: { unit_id: user }, inputs: [] });
    expect((await infer({}, body)).headers.get('x-switchyard-variant')).toBe('treatment');
    const named = JSON.stringify({ parameters: { 'context.user': user }, inputs: [] });
    expect((await infer({}, named)).headers.get('x-switchyard-variant')).toBe('treatment');
  });
});

describe('when a target fails', () => {
  it('its twin in the other cloud answers, with the same model version, and the exposure says so', async () => {
    const user = await userIn('treatment');
    gcp.behave(failWith(500));
    const answer = await infer({ 'x-switchyard-unit': user });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchyard-target')).toBe('ranker-v2-aws');
    expect(answer.headers.get('x-switchyard-fallback')).toBe('true');
    const exposure = (await spooled()).find(({ id }) => id === answer.headers.get('x-request-id'));
    expect(exposure).toMatchObject({
      variant: 'treatment',
      assignedTarget: 'ranker-v2-gcp',
      servedTarget: 'ranker-v2-aws',
      fallback: true,
      attempts: 2,
      cloud: 'aws',
      version: 'v2',
    });
  });

  it('one that hangs leaves its twin time within the deadline', async () => {
    const user = await userIn('control');
    aws.behave(hang);
    const startedMs = performance.now();
    const answer = await infer({ 'x-switchyard-unit': user, 'x-request-timeout-ms': '400' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchyard-target')).toBe('ranker-v1-gcp');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('is asked once more when it did no work, before its twin is', async () => {
    let times = 0;
    aws.behave((request, response) =>
      (++times === 1 ? failWith(503) : openInferenceAnswer(1))(request, response),
    );
    const answer = await infer();
    expect(answer.headers.get('x-switchyard-target')).toBe('ranker-v1-aws');
    expect(times).toBe(2);
  });

  it('a request that is itself at fault is not sent to anybody else', async () => {
    aws.behave(failWith(400, 'input "x" is missing'));
    const answer = await infer();
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'request-rejected', error: 'input "x" is missing' },
    });
    expect(gcp.requests).toHaveLength(0);
  });

  it('the client gets a named problem when its twins fail too, and the exposure counts the error', async () => {
    const user = await userIn('treatment');
    aws.behave(failWith(500));
    gcp.behave(failWith(500));
    const answer = await infer({ 'x-switchyard-unit': user });
    expect(answer).toMatchObject({ status: 502, body: { code: 'target-failed', retryable: true } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const exposure = (await spooled()).find(({ id }) => id === answer.headers.get('x-request-id'));
    expect(exposure).toMatchObject({ status: 502, error: 'target-failed', servedTarget: null, cloud: null });
  });

  it('one that rests behind its breaker is asked all the same when nobody else answers', async () => {
    const user = await userIn('treatment');
    gcp.behave(failWith(500));
    for (let times = 0; times < 5; times++) await infer({ 'x-switchyard-unit': user });
    const asked = gcp.requests.length;
    await infer({ 'x-switchyard-unit': user });
    expect(gcp.requests.length).toBe(asked);
    gcp.behave(openInferenceAnswer(2));
    aws.behave(failWith(500));
    const answer = await infer({ 'x-switchyard-unit': user });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchyard-target')).toBe('ranker-v2-gcp');
  });

  it('the client gets 504 when the time is up', async () => {
    aws.behave(hang);
    gcp.behave(hang);
    const answer = await infer({ 'x-request-timeout-ms': '100' });
    expect(answer).toMatchObject({ status: 504, body: { code: 'deadline-exceeded' } });
  });

  it.each([
    ['an empty answer', ''],
    ['no JSON', 'plain'],
    ['HTML', '<html>'],
  ])('an answer that is %s is not passed on', async (_what, text) => {
    aws.behave((_request, response) => void response.end(text));
    expect((await infer()).headers.get('x-switchyard-target')).toBe('ranker-v1-gcp');
  });
});

describe('a request that is refused', () => {
  it.each([
    ['no key', { 'x-api-key': '' }, 401, 'unauthenticated'],
    ['an unknown key', { 'x-api-key': 'sy_unknown' }, 401, 'unauthenticated'],
    ['a deadline that is none', { 'x-request-timeout-ms': 'soon' }, 400, 'invalid-request'],
    ['a context that is none', { 'x-switchyard-context': '!!' }, 400, 'invalid-context'],
    ['a compressed body', { 'content-encoding': 'br' }, 415, 'unsupported-media-type'],
  ])('says why: %s', async (_what, headers, status, code) => {
    expect(await infer(headers)).toMatchObject({ status, body: { code } });
  });

  it('names an endpoint that is not there', async () => {
    expect(await infer({}, INFER_BODY, 'nowhere')).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
  });
});

describe('the endpoint as a model', () => {
  it('gives metadata under its own name, and readiness', async () => {
    aws.behave(
      (_request, response) =>
        void response
          .setHeader('content-type', 'application/json')
          .end('{"name":"ranker","versions":["v1"],"platform":"onnx","inputs":[],"outputs":[]}'),
    );
    const headers = { 'x-api-key': secret };
    const metadata = await call(`${gateway.url}/v2/models/ranking`, { headers });
    expect(metadata).toMatchObject({
      status: 200,
      body: { name: 'ranking', versions: ['v1', 'v2'], platform: 'onnx' },
    });
    expect(await call(`${gateway.url}/v2/models/ranking/ready`, { headers })).toMatchObject({ status: 200 });
    expect(await call(`${gateway.url}/v2`)).toMatchObject({ status: 200, body: { name: 'switchyard' } });
    expect(await call(`${gateway.url}/v2/health/ready`)).toMatchObject({ status: 200 });
  });
});

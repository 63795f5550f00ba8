import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLake } from '../support/lake.ts';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { type ApiAnswer, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let acme: string;
let globex: string;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
  ({ secret: acme } = await gateway.tenant('acme', { plan: 'pro' }));
  ({ secret: globex } = await gateway.tenant('globex', { plan: 'free' }));
  await gateway.register('/targets', {
    key: 'pages',
    kind: 'http',
    cloud: 'local',
    region: 'here',
    url: upstream.url,
  });
  for (const [key, defaultTarget] of [
    ['private', 'ranker-v1-aws'],
    ['private-pages', 'pages'],
  ]) {
    await gateway.register('/endpoints', { key, defaultTarget, tenants: ['acme'] });
  }
  for (const [key, defaultTarget] of [
    ['gold', 'ranker-v1-aws'],
    ['gold-pages', 'pages'],
  ]) {
    await gateway.register('/endpoints', { key, defaultTarget });
  }
  await gateway.register('/experiments', rankingExperiment({ key: 'everyone' }));
  await gateway.register(
    '/experiments',
    rankingExperiment({ key: 'pro-only', endpoint: 'gold', audience: { 'tenant.plan': 'pro' } }),
  );
  for (const key of ['everyone', 'pro-only']) await gateway.register(`/experiments/${key}/start`, {});
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** Every route of the data plane that names an endpoint. */
const ROUTES = [
  { method: 'POST', path: (endpoint: string) => `/v2/models/${endpoint}/infer`, endpoint: 'private' },
  { method: 'GET', path: (endpoint: string) => `/v2/models/${endpoint}`, endpoint: 'private' },
  { method: 'GET', path: (endpoint: string) => `/v2/models/${endpoint}/ready`, endpoint: 'private' },
  { method: 'GET', path: (endpoint: string) => `/v1/proxy/${endpoint}`, endpoint: 'private-pages' },
  {
    method: 'POST',
    path: (endpoint: string) => `/v1/proxy/${endpoint}/some/page`,
    endpoint: 'private-pages',
  },
];

function ask(
  secret: string,
  { method, path }: { method: string; path: string },
  headers = {},
): Promise<ApiAnswer> {
  return call(`${gateway.url}${path}`, {
    method,
    headers: { 'x-api-key': secret, ...headers },
    ...(method === 'POST' ? { body: INFER_BODY } : {}),
  });
}

function infer(secret: string, user: string, endpoint = 'ranking'): Promise<ApiAnswer> {
  return ask(secret, { method: 'POST', path: `/v2/models/${endpoint}/infer` }, { 'x-switchyard-unit': user });
}

describe("another tenant's endpoint", () => {
  it.each(ROUTES)('is as if it were not there: $method $path', async ({ method, path, endpoint }) => {
    const asked = upstream.requests.length;
    const foreign = await ask(globex, { method, path: path(endpoint) });
    const missing = await ask(globex, { method, path: path('x'.repeat(endpoint.length)) });
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const told = ({ body }: ApiAnswer, name: string) =>
      JSON.stringify({ ...body, instance: '' }).replaceAll(`\\"${name}\\"`, '');
    expect(told(foreign, endpoint)).toBe(told(missing, 'x'.repeat(endpoint.length)));
    expect([...foreign.headers.keys()].sort()).toEqual([...missing.headers.keys()].sort());
    expect(upstream.requests).toHaveLength(asked);
    expect(await ask(acme, { method, path: path(endpoint) })).toMatchObject({ status: 200 });
  });

  it('opens and closes with its list of tenants, at once', async () => {
    const route = { method: 'POST', path: '/v2/models/private/infer' };
    const grant = (tenants: string[]) =>
      gateway.admin(
        'PUT',
        '/endpoints/private',
        { key: 'private', defaultTarget: 'ranker-v1-aws', tenants },
        { 'if-match': '*' },
      );
    await grant(['acme', 'globex']);
    expect(await ask(globex, route)).toMatchObject({ status: 200 });
    await grant(['acme']);
    expect(await ask(globex, route)).toMatchObject({ status: 404 });
  });
});

describe("a tenant's attributes", () => {
  const forged = { plan: 'pro', key: 'acme' };
  const inHeader = (context: unknown) => ({
    'x-switchyard-context': Buffer.from(JSON.stringify(context)).toString('base64url'),
  });
  const inBody = (parameters: unknown) => JSON.stringify({ parameters, inputs: [] });
  const inferGold = (secret: string, headers: Record<string, string>, body = INFER_BODY) =>
    call(`${gateway.url}/v2/models/gold/infer`, {
      method: 'POST',
      headers: { 'x-api-key': secret, 'x-switchyard-unit': 'u1', ...headers },
      body,
    });

  it.each([
    ['an object in the header', inHeader({ tenant: forged }), INFER_BODY],
    ['a dotted name in the header', inHeader({ 'tenant.plan': 'pro' }), INFER_BODY],
    [
      'a prototype in the header',
      inHeader(JSON.parse('{"__proto__":{"tenant":{"plan":"pro"}}}')),
      INFER_BODY,
    ],
    ['an object in the parameters', {}, inBody({ 'context.tenant': forged })],
    ['a dotted name in the parameters', {}, inBody({ 'context.tenant.plan': 'pro' })],
    ['a bare name in the parameters', {}, inBody({ tenant: forged, 'tenant.plan': 'pro' })],
    [
      'a prototype in the parameters',
      {},
      '{"parameters":{"context.__proto__":{"tenant":{"plan":"pro"}}},"inputs":[]}',
    ],
    ['headers of its own', { 'x-switchyard-tenant': 'acme', 'x-switchyard-tenant-plan': 'pro' }, INFER_BODY],
  ])('cannot be forged by %s', async (_what, headers, body) => {
    const answer = await inferGold(globex, headers, body);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-switchyard-experiment')).toBeNull();
    expect((await inferGold(acme, headers, body)).headers.get('x-switchyard-experiment')).toBe('pro-only');
  });
});

describe('a tenant that is deleted', () => {
  it('takes the key of its pseudonyms along, from the configuration on disk too, and never gets it back', async () => {
    const unitKeys = async () =>
      JSON.parse(await readFile(join(gateway.dataDir, 'configuration.json'), 'utf8')).unitKeys;
    const remove = () => gateway.admin('DELETE', '/tenants/leaver', undefined, { 'if-match': '*' });
    await gateway.register('/tenants', { key: 'leaver' });
    const { leaver: first } = await unitKeys();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await remove()).toMatchObject({ status: 204 });
    expect(await unitKeys()).not.toHaveProperty('leaver');
    await gateway.register('/tenants', { key: 'leaver' });
    const { leaver: second } = await unitKeys();
    expect(second).toMatch(/^[0-9a-f]{64}$/);
    expect(second).not.toBe(first);
    await remove();
  });
});

describe('what is recorded', () => {
  const outcome = (id: string) => ({ id, event: 'click', unit: 'user', unitId: 'shared-user', value: 1 });
  const report = (secret: string, ...ids: string[]) =>
    call(`${gateway.url}/v1/outcomes`, {
      method: 'POST',
      headers: { 'x-api-key': secret },
      body: JSON.stringify({ outcomes: ids.map(outcome) }),
    });

  it("is the caller's own, and the same user has another pseudonym at every tenant", async () => {
    const answers = { acme: await infer(acme, 'shared-user'), globex: await infer(globex, 'shared-user') };
    expect(await report(acme, 'o1')).toMatchObject({ body: { accepted: 1 } });
    expect(await report(globex, 'o1', 'o2')).toMatchObject({ body: { accepted: 2 } });
    const forged = await call(`${gateway.url}/v1/outcomes`, {
      method: 'POST',
      headers: { 'x-api-key': globex },
      body: JSON.stringify({
        outcomes: [
          { ...outcome('o3'), tenant: 'acme' },
          { ...outcome('o4'), unit: 'tenant', unitId: 'acme' },
        ],
      }),
    });
    expect(forged.body.rejected.map(({ code }: { code: string }) => code)).toEqual(['invalid', 'wrong-unit']);
    expect(await gateway.admin('GET', '/experiments/everyone/results?fresh=true')).toMatchObject({
      status: 200,
    });

    const exposures = await readLake(gateway.dataDir, 'exposures');
    const pseudonyms = (['acme', 'globex'] as const).map((tenant) => {
      const requestId = answers[tenant].headers.get('x-request-id');
      const own = exposures.filter((row) => row['request_id'] === requestId);
      expect(own).toMatchObject([{ tenant, experiment: 'everyone' }]);
      return own[0]?.['unit'];
    });
    expect(new Set(pseudonyms).size).toBe(2);

    const outcomes = await readLake(gateway.dataDir, 'outcomes');
    const found = outcomes.map(({ tenant, id, unit }) => ({ tenant, id, unit }));
    expect(found.sort((a, b) => `${a.tenant}${a.id}`.localeCompare(`${b.tenant}${b.id}`))).toEqual([
      { tenant: 'acme', id: 'o1', unit: pseudonyms[0] },
      { tenant: 'globex', id: 'o1', unit: pseudonyms[1] },
      { tenant: 'globex', id: 'o2', unit: pseudonyms[1] },
    ]);
    expect(JSON.stringify([exposures, outcomes])).not.toContain('shared-user');
  });
});

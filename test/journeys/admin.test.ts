import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import {
  ADMIN_KEY,
  type ApiAnswer,
  call,
  startTestGateway,
  type TestGateway,
} from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const oip = (key: string) => ({
  key,
  kind: 'oip',
  model: 'ranker',
  version: 'v1',
  cloud: 'local',
  region: 'here',
  url: 'http://127.0.0.1:1',
});

const variants = (treatment: number, target = 'ranker-v2-gcp') => [
  { key: 'control', weight: 10_000 - treatment, target: 'ranker-v1-aws' },
  { key: 'treatment', weight: treatment, target },
];

/** Every kind of resource: one as it is created, and the same as it is then replaced. */
const RESOURCES = [
  {
    path: '/tenants',
    body: { key: 'initech' },
    replacement: { key: 'initech', attributes: { plan: 'pro' } },
  },
  { path: '/models', body: { key: 'tagger' }, replacement: { key: 'tagger', name: 'Tagger' } },
  { path: '/targets', body: oip('tagger-here'), replacement: { ...oip('tagger-here'), region: 'there' } },
  {
    path: '/endpoints',
    body: { key: 'tags', defaultTarget: 'ranker-v1-aws' },
    replacement: { key: 'tags', defaultTarget: 'ranker-v1-aws', timeoutMs: 500 },
  },
  {
    path: '/experiments',
    body: rankingExperiment({ key: 'draft' }),
    replacement: rankingExperiment({ key: 'draft', allocation: 100 }),
  },
  { path: '/layers', body: { key: 'pages' }, replacement: { key: 'pages', name: 'Pages' } },
  {
    path: '/segments',
    body: { key: 'testers', values: ['u1'] },
    replacement: { key: 'testers', values: ['u1', 2] },
  },
  {
    path: '/metrics',
    body: { key: 'clicks', event: 'click', kind: 'proportion' },
    replacement: { key: 'clicks', event: 'click', kind: 'mean', missing: 'zero' },
  },
];

const etagOf = (answer: ApiAnswer) => answer.headers.get('etag') ?? 'none';
const ifMatch = (etag: string) => ({ 'if-match': etag });

/** What a refused configuration says: the code and the place of every issue, in order of place. */
function issuesOf(answer: ApiAnswer): string[] {
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-configuration', retryable: false } });
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  return answer.body.issues.map(({ code, path }: { code: string; path: string }) => `${path} ${code}`).sort();
}

describe.each(RESOURCES)('a resource under $path', ({ path, body, replacement }) => {
  const item = `${path}/${body.key}`;

  it('is created, read, listed, replaced and deleted, each change against its ETag', async () => {
    const created = await gateway.admin('POST', path, body);
    expect(created).toMatchObject({ status: 201, body });
    expect(created.headers.get('location')).toBe(`/admin/v1${item}`);

    const read = await gateway.admin('GET', item);
    expect(read).toMatchObject({ status: 200, body: created.body });
    expect(etagOf(read)).toBe(etagOf(created));
    // What is unwise about an experiment is said of one, not in a list.
    const { warnings: _warnings, ...listed } = created.body;
    expect((await gateway.admin('GET', path)).body.items).toContainEqual(listed);

    const replaced = await gateway.admin('PUT', item, replacement, ifMatch(etagOf(read)));
    expect(replaced).toMatchObject({ status: 200, body: { ...replacement, createdAt: read.body.createdAt } });
    expect(etagOf(replaced)).not.toBe(etagOf(read));
    expect((await gateway.admin('GET', item)).body).toEqual(replaced.body);

    const deleted = await gateway.admin('DELETE', item, undefined, ifMatch(etagOf(replaced)));
    expect(deleted).toMatchObject({ status: 204, body: '' });
    expect(await gateway.admin('GET', item)).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it('refuses a taken key, a stale ETag, none at all, and what is not there', async () => {
    const created = await gateway.admin('POST', path, body);
    expect(await gateway.admin('POST', path, body)).toMatchObject({
      status: 409,
      body: { code: 'already-exists' },
    });
    for (const method of ['PUT', 'DELETE']) {
      const sent = method === 'PUT' ? replacement : undefined;
      expect(await gateway.admin(method, item, sent)).toMatchObject({
        status: 428,
        body: { code: 'if-match-required', detail: expect.stringContaining(etagOf(created)) },
      });
      expect(await gateway.admin(method, item, sent, ifMatch('"0"'))).toMatchObject({
        status: 412,
        body: { code: 'revision-mismatch' },
      });
    }
    expect((await gateway.admin('GET', item)).body).toEqual(created.body);
    expect(await gateway.admin('PUT', `${path}/other`, replacement, ifMatch('*'))).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', detail: expect.stringContaining('"other"') },
    });
    expect(await gateway.admin('DELETE', item, undefined, ifMatch(`"0", ${etagOf(created)}`))).toMatchObject({
      status: 204,
    });
    expect(await gateway.admin('PUT', item, replacement, ifMatch('*'))).toMatchObject({ status: 404 });
    expect(await gateway.admin('DELETE', item, undefined, ifMatch('*'))).toMatchObject({ status: 404 });
  });
});

describe('a version of a model', () => {
  const version = {
    version: 'v9',
    sha256: 'c'.repeat(64),
    sizeBytes: 1,
    artifacts: ['s3://models/v9.onnx'],
  };

  it('can be created, read, listed and deleted, and never replaced', async () => {
    const created = await gateway.admin('POST', '/models/ranker/versions', version);
    expect(created).toMatchObject({ status: 201, body: version });
    expect(created.headers.get('location')).toBe('/admin/v1/models/ranker/versions/v9');
    const listed = await gateway.admin('GET', '/models/ranker/versions');
    expect(listed.body.items.map((item: { version: string }) => item.version)).toEqual(['v1', 'v2', 'v9']);
    const item = '/models/ranker/versions/v9';
    expect(await gateway.admin('PUT', item, version, ifMatch('*'))).toMatchObject({ status: 404 });
    expect(await gateway.admin('POST', '/models/ranker/versions', version)).toMatchObject({ status: 409 });
    expect(await gateway.admin('DELETE', item, undefined, ifMatch(etagOf(created)))).toMatchObject({
      status: 204,
    });
    expect(await gateway.admin('GET', item)).toMatchObject({ status: 404 });
  });

  it('belongs to a model that is there', async () => {
    expect(issuesOf(await gateway.admin('POST', '/models/nowhere/versions', version))).toEqual([
      ' unknown-model',
    ]);
    expect(await gateway.admin('GET', '/models/nowhere/versions')).toMatchObject({ status: 404 });
  });
});

describe('a list', () => {
  it('comes in pages, in key order, without gap or repetition', async () => {
    const keys = ['s1', 's2', 's3', 's4', 's5'];
    for (const key of keys) await gateway.register('/segments', { key, values: [] });
    const seen: string[] = [];
    let after = '';
    for (let pages = 1; ; pages++) {
      const { body } = await gateway.admin('GET', `/segments?limit=2${after}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      seen.push(...body.items.map(({ key }: { key: string }) => key));
      if (body.next === null) {
        expect(pages).toBe(3);
        break;
      }
      after = `&after=${body.next}`;
    }
    expect(seen).toEqual(keys);
    for (const key of keys) await gateway.admin('DELETE', `/segments/${key}`, undefined, ifMatch('*'));
  });

  it.each(['limit=0', 'limit=501', 'limit=ten', 'limit=1&limit=2', 'after=a&after=b'])(
    'refuses ?%s',
    async (query) => {
      expect(await gateway.admin('GET', `/segments?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid-request' },
      });
    },
  );
});

describe('an invalid configuration', () => {
  it('is refused with every fault of its form at once, each with a pointer', async () => {
    const answer = await gateway.admin('POST', '/experiments', {
      ...rankingExperiment({ key: 'Not A Key', unit: '9', allocation: 10_001, colour: 'red' }),
      variants: [
        { key: 'a', weight: 1.5, target: 'ranker-v1-aws' },
        { key: 'b', weight: 5_000, target: 'ranker-v1-gcp' },
      ],
    });
    expect(issuesOf(answer).map((issue) => issue.split(' ')[0])).toEqual([
      '/allocation',
      '/colour',
      '/key',
      '/unit',
      '/variants/0/weight',
    ]);
  });

  it('names weights that do not sum up and variants of one name together', async () => {
    const [first] = variants(5_000);
    const answer = await gateway.admin(
      'POST',
      '/experiments',
      rankingExperiment({ variants: [first, first, first] }),
    );
    expect(issuesOf(answer)).toEqual([
      '/variants custom',
      '/variants/1/key custom',
      '/variants/2/key custom',
    ]);
    expect(answer.body.issues[0].message).toContain('15000');
  });

  it('is refused with every unknown reference and every fault of its audience at once', async () => {
    const answer = await gateway.admin(
      'POST',
      '/experiments',
      rankingExperiment({
        endpoint: 'nowhere',
        audience: { age: { $greater: 18 }, plan: { $inGroup: 'nobody' } },
        layer: { key: 'no-layer', from: 0, to: 10 },
        variants: variants(5_000, 'no-target'),
        metrics: { primary: 'no-metric', guardrails: ['latency', 'no-guardrail'] },
      }),
    );
    const found = issuesOf(answer);
    expect(found).toEqual(
      expect.arrayContaining([
        '/endpoint unknown-endpoint',
        '/layer/key unknown-layer',
        '/metrics/guardrails/1 unknown-metric',
        '/metrics/primary unknown-metric',
        '/variants/1/target unknown-target',
      ]),
    );
    expect(found.filter((issue) => issue.startsWith('/audience/age'))).toHaveLength(1);
    expect(found.filter((issue) => issue.startsWith('/audience/plan'))).toHaveLength(1);
    expect(found).toHaveLength(7);
    expect((await gateway.admin('GET', '/experiments')).body.items).toEqual([]);
  });

  it('names what targets and endpoints refer to and is not there', async () => {
    const target = { ...oip('t'), model: 'nothing' };
    expect(issuesOf(await gateway.admin('POST', '/targets', target))).toEqual(['/model unknown-model']);
    const version = { ...oip('t'), version: 'v404' };
    expect(issuesOf(await gateway.admin('POST', '/targets', version))).toEqual(['/version unknown-version']);
    const endpoint = { key: 'e', defaultTarget: 'nothing', tenants: ['nobody', 'no-one'] };
    expect(issuesOf(await gateway.admin('POST', '/endpoints', endpoint))).toEqual([
      '/defaultTarget unknown-target',
      '/tenants/0 unknown-tenant',
      '/tenants/1 unknown-tenant',
    ]);
  });

  it('keeps two experiments from running on one endpoint without slots of their own', async () => {
    await gateway.register('/experiments', rankingExperiment({ key: 'zeta' }));
    await gateway.register('/experiments/zeta/start', {});
    await gateway.register('/experiments', rankingExperiment({ key: 'alpha' }));
    const refused = await gateway.admin('POST', '/experiments/alpha/start', {});
    expect(issuesOf(refused)).toEqual(['/layer no-shared-layer']);
    expect(refused.body.detail).toContain('"zeta" and "alpha"');

    await gateway.register('/layers', { key: 'shared' });
    const slots = (from: number, to: number) => ({ layer: { key: 'shared', from, to } });
    for (const [key, from, to] of [
      ['left', 0, 6_000],
      ['right', 5_000, 10_000],
    ] as const) {
      await gateway.register('/experiments', rankingExperiment({ key, ...slots(from, to) }));
    }
    await gateway.register('/experiments/zeta/stop', {});
    await gateway.register('/experiments/left/start', {});
    expect(issuesOf(await gateway.admin('POST', '/experiments/right/start', {}))).toEqual([
      '/layer layer-overlap',
    ]);
    await gateway.register('/experiments/left/stop', {});
    for (const key of ['zeta', 'alpha', 'left', 'right']) {
      await gateway.admin('DELETE', `/experiments/${key}`, undefined, ifMatch('*'));
    }
    await gateway.admin('DELETE', '/layers/shared', undefined, ifMatch('*'));
  });
});

describe('a thing in use', () => {
  beforeAll(async () => {
    await gateway.register('/tenants', { key: 'used-tenant' });
    await gateway.register('/endpoints', {
      key: 'used-endpoint',
      defaultTarget: 'ranker-v1-aws',
      tenants: ['used-tenant'],
    });
    await gateway.register('/layers', { key: 'used-layer' });
    await gateway.register('/segments', { key: 'used-segment', attribute: 'user', values: ['u1'] });
    await gateway.register('/segments', {
      key: 'outer-segment',
      condition: { $savedGroup: { id: 'used-segment' } },
    });
    await gateway.register('/metrics', { key: 'used-metric', event: 'click', kind: 'proportion' });
    await gateway.register(
      '/experiments',
      rankingExperiment({
        key: 'user-of-all',
        endpoint: 'used-endpoint',
        audience: { user: { $inGroup: 'used-segment' } },
        layer: { key: 'used-layer', from: 0, to: 10 },
        metrics: { primary: 'used-metric' },
      }),
    );
  });

  it.each([
    ['/tenants/used-tenant', 'endpoints/used-endpoint'],
    ['/endpoints/used-endpoint', 'experiments/user-of-all'],
    ['/layers/used-layer', 'experiments/user-of-all'],
    ['/segments/used-segment', 'experiments/user-of-all'],
    ['/segments/used-segment', 'segments/outer-segment'],
    ['/metrics/used-metric', 'experiments/user-of-all'],
    ['/models/ranker', 'versions/ranker/v1'],
    ['/models/ranker/versions/v2', 'targets/ranker-v2-aws'],
    ['/targets/ranker-v2-gcp', 'experiments/user-of-all'],
  ])('cannot be deleted: %s, which %s refers to', async (path, user) => {
    const answer = await gateway.admin('DELETE', path, undefined, ifMatch('*'));
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-configuration' } });
    const messages = answer.body.issues.map(({ message }: { message: string }) => message);
    expect(messages).toContain(`${user} refers to it: change or delete that first`);
    expect(await gateway.admin('GET', path)).toMatchObject({ status: 200 });
  });
});

describe('the life of an experiment', () => {
  const act = (action: string, headers = {}) =>
    gateway.admin('POST', `/experiments/life/${action}`, {}, headers);
  const replace = (fields: Record<string, unknown>) =>
    gateway.admin('PUT', '/experiments/life', rankingExperiment({ key: 'life', ...fields }), ifMatch('*'));

  it('goes from draft to running and paused to stopped, and each state says what it forbids', async () => {
    const draft = await gateway.register('/experiments', rankingExperiment({ key: 'life' }));
    expect(draft.body.state).toBe('draft');
    for (const action of ['pause', 'resume', 'stop']) {
      expect(await act(action)).toMatchObject({
        status: 409,
        body: { code: 'wrong-state', detail: expect.stringContaining('allowed is submit or start') },
      });
    }
    expect(await replace({ variants: variants(2_000) })).toMatchObject({
      status: 200,
      body: { state: 'draft' },
    });

    expect(await act('start', ifMatch(etagOf(draft)))).toMatchObject({ status: 412 });
    expect(await act('start')).toMatchObject({ status: 200, body: { state: 'running' } });
    const [control, treatment] = variants(2_000);
    const moved = await replace({ variants: [treatment, control], unit: 'session' });
    expect(moved).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
    expect(moved.body.issues.map(({ path }: { path: string }) => path).sort()).toEqual([
      '/unit',
      '/variants',
    ]);
    expect(await replace({ variants: variants(2_000), allocation: 500 })).toMatchObject({
      status: 200,
      body: { state: 'running', allocation: 500 },
    });
    expect(await gateway.admin('DELETE', '/experiments/life', undefined, ifMatch('*'))).toMatchObject({
      status: 409,
      body: { code: 'wrong-state', detail: expect.stringContaining('stop it') },
    });

    expect(await act('pause')).toMatchObject({ status: 200, body: { state: 'paused' } });
    expect(await act('resume')).toMatchObject({ status: 200, body: { state: 'running' } });
    expect(await act('stop')).toMatchObject({ status: 200, body: { state: 'stopped' } });
    expect(await act('start')).toMatchObject({ status: 409 });
    expect(await replace({ variants: variants(2_000), allocation: 501 })).toMatchObject({ status: 409 });
    expect(await replace({ variants: variants(2_000), allocation: 500, name: 'Over' })).toMatchObject({
      status: 200,
    });
    expect(await gateway.admin('DELETE', '/experiments/life', undefined, ifMatch('*'))).toMatchObject({
      status: 204,
    });
    expect(await act('start')).toMatchObject({ status: 404 });
  });
});

describe('an API key', () => {
  const infer = (secret: string) =>
    call(`${gateway.url}/v2/models/ranking/infer`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: INFER_BODY,
    });

  it('shows its secret once, works at once, and stops working when it is revoked', async () => {
    await gateway.register('/tenants', { key: 'keyed' });
    const created = await gateway.register('/tenants/keyed/keys', { name: 'backend' });
    const { id, secret } = created.body;
    expect(created.body).toEqual({
      id,
      tenant: 'keyed',
      name: 'backend',
      scopes: ['infer', 'flags', 'outcomes', 'exposures'],
      previousValidUntil: null,
      secret: expect.stringMatching(/^sy_.{43}$/),
    });
    expect(created.headers.get('cache-control')).toBe('no-store');
    expect(await infer(secret)).toMatchObject({ status: 200 });

    const listed = await gateway.admin('GET', '/tenants/keyed/keys');
    expect(listed.body.items).toEqual([
      {
        id,
        tenant: 'keyed',
        name: 'backend',
        scopes: ['infer', 'flags', 'outcomes', 'exposures'],
        previousValidUntil: null,
        createdAt: expect.any(String),
        lastUsedAt: null,
      },
    ]);

    expect(await gateway.admin('DELETE', '/tenants/keyed', undefined, ifMatch('*'))).toMatchObject({
      status: 422,
    });
    expect(await gateway.admin('DELETE', `/tenants/other/keys/${id}`)).toMatchObject({ status: 404 });
    expect(await infer(secret)).toMatchObject({ status: 200 });
    expect(await gateway.admin('DELETE', `/tenants/keyed/keys/${id}`)).toMatchObject({ status: 204 });
    expect(await infer(secret)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(await gateway.admin('DELETE', `/tenants/keyed/keys/${id}`)).toMatchObject({ status: 404 });
  });

  it('is for a tenant that is there, and has a name', async () => {
    expect(await gateway.admin('POST', '/tenants/nobody/keys', { name: 'x' })).toMatchObject({ status: 404 });
    expect(await gateway.admin('GET', '/tenants/nobody/keys')).toMatchObject({ status: 404 });
    expect(issuesOf(await gateway.admin('POST', '/tenants/keyed/keys', {}))).toEqual(['/name invalid-type']);
  });
});

describe('the audit log', () => {
  it('has an entry for each change, newest first, with what was before and after, and no secret', async () => {
    await gateway.register('/tenants', { key: 'audited' });
    const { body: key } = await gateway.register('/tenants/audited/keys', { name: 'backend' });
    await gateway.admin('PUT', '/tenants/audited', { key: 'audited', name: 'A' }, ifMatch('*'));
    await gateway.admin('DELETE', `/tenants/audited/keys/${key.id}`);
    await gateway.admin('DELETE', '/tenants/audited', undefined, ifMatch('*'));
    const refused = await gateway.admin('POST', '/tenants', { key: 'NOT VALID' });
    expect(refused.status).toBe(422);

    const { body } = await gateway.admin('GET', '/audit?limit=5');
    const entries = body.items.toReversed();
    const { secret: _secret, ...keyEntry } = key;
    expect(entries).toMatchObject([
      { kind: 'tenants', key: 'audited', action: 'create', before: null, after: { key: 'audited' } },
      { kind: 'keys', key: `audited/${key.id}`, action: 'create', before: null },
      {
        kind: 'tenants',
        key: 'audited',
        action: 'replace',
        before: { key: 'audited' },
        after: { name: 'A' },
      },
      { kind: 'keys', key: `audited/${key.id}`, action: 'delete', after: null },
      { kind: 'tenants', key: 'audited', action: 'delete', after: null },
    ]);
    expect(entries[1].after).toEqual(keyEntry);
    expect(entries[3].before).toEqual(keyEntry);
    for (const [index, entry] of entries.entries()) {
      expect(entry.actor).toEqual({
        name: 'admin',
        key: 'admin-key',
        address: expect.stringMatching(/127\.0\.0\.1$/),
      });
      expect(entry.revision).toBe(entries[0].revision + index);
    }
    const whole = JSON.stringify((await gateway.admin('GET', '/audit?limit=500')).body);
    expect(whole).not.toContain('digest');
    expect(whole).not.toContain(key.secret);
  });

  it('is read in pages and by kind and key', async () => {
    const all = (await gateway.admin('GET', '/audit?limit=500')).body.items;
    const first = (await gateway.admin('GET', '/audit?limit=3')).body;
    const second = (await gateway.admin('GET', `/audit?limit=3&after=${first.next}`)).body;
    expect([...first.items, ...second.items]).toEqual(all.slice(0, 6));
    const models = (await gateway.admin('GET', '/audit?kind=models&key=ranker')).body;
    expect(models).toMatchObject({
      items: [{ kind: 'models', key: 'ranker', action: 'create' }],
      next: null,
    });
    expect(await gateway.admin('GET', '/audit?after=yesterday')).toMatchObject({ status: 400 });
    expect(await gateway.admin('GET', '/audit?after=')).toMatchObject({ status: 400 });
  });
});

describe('who may do what', () => {
  it('wants the admin key on the admin API, and nothing else will do', async () => {
    const { secret } = await gateway.tenant('curious');
    for (const key of ['', 'wrong-admin-key', secret, ADMIN_KEY.toUpperCase()]) {
      const answer = await gateway.admin('GET', '/tenants', undefined, { authorization: `Bearer ${key}` });
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(JSON.stringify(answer.body)).not.toContain(`"${secret}"`);
    }
    expect(await call(`${gateway.url}/admin/v1/nothing`)).toMatchObject({ status: 401 });
    expect(
      await call(`${gateway.url}/admin/v1/tenants`, { headers: { 'x-api-key': ADMIN_KEY } }),
    ).toMatchObject({
      status: 200,
    });
  });

  it('refuses the admin key on the data plane', async () => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    for (const [method, path] of [
      ['POST', '/v2/models/ranking/infer'],
      ['GET', '/v2/models/ranking'],
      ['GET', '/v2/models/ranking/ready'],
      ['GET', '/v1/proxy/ranking/x'],
      ['POST', '/v1/outcomes'],
    ] as const) {
      expect(await call(`${gateway.url}${path}`, { method, headers })).toMatchObject({
        status: 401,
        body: { code: 'unauthenticated' },
      });
    }
  });
});

describe('a request that is none', () => {
  const post = (body: string, contentType = 'application/json') =>
    call(`${gateway.url}/admin/v1/tenants`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': contentType },
      body,
    });

  it.each([
    ['cut short', '{"key": "x"', 'application/json'],
    ['a list', '[]', 'application/json'],
    ['a word', '"x"', 'application/json'],
    ['not JSON by its type', '{"key":"x"}', 'text/plain'],
  ])('gets 400: a body that is %s', async (_what, body, contentType) => {
    const answer = await post(body, contentType);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('gets 413 when it is too large and 415 in an unknown charset', async () => {
    const large = await post(JSON.stringify({ key: 'x', name: 'x'.repeat(5_000_000) }));
    expect(large).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    expect(await post('{}', 'application/json; charset=klingon')).toMatchObject({
      status: 415,
      body: { code: 'unsupported-media-type' },
    });
  });

  it('does not let a body reach into prototypes', async () => {
    const refused = await post('{"key":"proto","__proto__":{"name":"x"}}');
    expect(refused).toMatchObject({ status: 422, body: { issues: [{ path: '/__proto__' }] } });
    const answer = await post('{"key":"proto","attributes":{"__proto__":{"plan":"pro"}}}');
    expect(answer).toMatchObject({ status: 201, body: { key: 'proto', attributes: {} } });
    expect(answer.body.attributes.plan).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(['/admin/v1/nothing', '/admin/v1/tenants/a/b/c', '/admin/v1', '/nothing', '/v1/nothing', '/V2'])(
    'gets 404 as a problem: GET %s',
    async (path) => {
      const answer = await call(`${gateway.url}${path}`, { headers: { 'x-api-key': ADMIN_KEY } });
      expect(answer).toMatchObject({ status: 404, body: { code: 'not-found', status: 404 } });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body.instance).toBe(`urn:uuid:${answer.headers.get('x-request-id')}`);
    },
  );
});

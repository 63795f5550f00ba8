import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLake } from '../support/lake.ts';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { type ApiAnswer, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let acme: string;
let globex: string;
let token: string;

const VARIANTS = ['control', 'treatment'] as const;
/** Nobody is drawn into the treatment: who gets it was forced. */
const allControl = (target?: (variant: string) => string) =>
  VARIANTS.map((key) => ({
    key,
    weight: key === 'control' ? 10_000 : 0,
    ...(target === undefined ? { parameters: { look: key } } : { target: target(key) }),
  }));

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  ({ secret: acme } = await gateway.tenant('acme'));
  ({ secret: globex } = await gateway.tenant('globex'));
  const targetsOf = (name: string, kind: string) =>
    VARIANTS.map((variant) => ({
      key: `${name}-${variant}`,
      kind,
      cloud: 'local',
      region: 'here',
      url: upstream.url,
      ...(kind === 'oip' ? { model: 'ranker', version: variant === 'control' ? 'v1' : 'v2' } : {}),
    }));
  const running = (key: string, endpoint: string, variants: unknown) => ({
    ...{ key, endpoint, unit: 'user', variants },
    state: 'running',
  });
  const applied = await gateway.admin('PUT', '/config', {
    models: [{ key: 'ranker' }],
    versions: ['v1', 'v2'].map((version) => ({
      ...{ model: 'ranker', version, sizeBytes: 1_000, artifacts: ['s3://models/ranker.onnx'] },
      sha256: (version === 'v1' ? 'a' : 'b').repeat(64),
    })),
    targets: [...targetsOf('ranker', 'oip'), ...targetsOf('page', 'http')],
    endpoints: [
      { key: 'ranking', defaultTarget: 'ranker-control' },
      { key: 'pages', defaultTarget: 'page-control' },
      { key: 'hidden', defaultTarget: 'page-control', tenants: ['globex'] },
    ],
    experiments: [
      running(
        'ranker',
        'ranking',
        allControl((key) => `ranker-${key}`),
      ),
      running(
        'layout',
        'pages',
        allControl((key) => `page-${key}`),
      ),
      running('look', 'ranking', allControl()),
      running('theirs', 'hidden', allControl()),
    ],
  });
  if (applied.status !== 200) throw new Error(JSON.stringify(applied.body));
  const { body } = await issue({ variants: { ranker: 'treatment', layout: 'treatment', look: 'treatment' } });
  ({ token } = body);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const issue = (body: unknown, tenant = 'acme') =>
  gateway.admin('POST', `/tenants/${tenant}/override-tokens`, body);

function ask(
  path: string,
  { override, secret = acme, body = INFER_BODY }: { override?: string; secret?: string; body?: string } = {},
): Promise<ApiAnswer> {
  return call(`${gateway.url}${path}`, {
    method: 'POST',
    headers: {
      'x-api-key': secret,
      'content-type': 'application/json',
      'x-switchyard-unit': 'tester',
      ...(override === undefined ? {} : { 'x-switchyard-override': override }),
    },
    body,
  });
}

const FLAG_BODY = JSON.stringify({ context: { targetingKey: 'tester' } });
const evaluate = (key: string, options: { override?: string } = {}) =>
  ask(`/ofrep/v1/evaluate/flags${key}`, { ...options, body: FLAG_BODY });

describe('an override token', () => {
  it.each(['/v2/models/ranking/infer', '/v1/proxy/pages/some/page'])(
    'forces its variants at %s, and says so',
    async (path) => {
      const drawn = await ask(path);
      expect(drawn.headers.get('x-switchyard-variant')).toBe('control');
      expect(drawn.headers.get('x-switchyard-overridden')).toBeNull();
      const forced = await ask(path, { override: token });
      expect(forced.status).toBe(200);
      expect(forced.headers.get('x-switchyard-variant')).toBe('treatment');
      expect(forced.headers.get('x-switchyard-overridden')).toBe('true');
      expect(upstream.requests.at(-1)?.headers).not.toHaveProperty('x-switchyard-override');
    },
  );

  it('forces the parameters that an inference brings, and the value of a flag', async () => {
    const { headers } = await ask('/v2/models/ranking/infer', { override: token });
    const text = Buffer.from(headers.get('x-switchyard-parameters') ?? '', 'base64url').toString();
    expect(JSON.parse(text)).toEqual({ look: 'treatment' });
    const flag = await evaluate('/look', { override: token });
    expect(flag.body).toMatchObject({
      reason: 'TARGETING_MATCH',
      value: { look: 'treatment' },
      metadata: { assignment: 'override' },
    });
    const known = await evaluate('');
    const all = await evaluate('', { override: token });
    const look = all.body.flags.find(({ key }: { key: string }) => key === 'look');
    expect(look).toEqual(flag.body);
    expect(all.headers.get('etag')).not.toBe(known.headers.get('etag'));
  });

  it('leaves no exposure behind, reported or not, and nothing of a variant in the invocations', async () => {
    const tested = [
      await ask('/v2/models/ranking/infer', { override: token }),
      await ask('/v1/proxy/pages/some/page', { override: token }),
      await evaluate('/look', { override: token }),
    ].map(({ headers }) => headers.get('x-request-id'));
    const used = await ask('/v2/models/ranking/infer');
    const report = (override?: string) =>
      ask('/v1/exposures', {
        ...(override === undefined ? {} : { override }),
        body: JSON.stringify({
          exposures: [{ id: 'seen-1', experiment: 'look', variant: 'treatment', unitId: 'tester' }],
        }),
      });
    expect((await report(token)).body).toMatchObject({ accepted: 0, rejected: [{ code: 'override' }] });
    await gateway.admin('GET', '/experiments/look/results?fresh=true');
    const exposures = await readLake(gateway.dataDir, 'exposures');
    expect(exposures.map((row) => row['request_id'])).toContain(used.headers.get('x-request-id'));
    expect(exposures.filter((row) => tested.includes(row['request_id'] as string))).toEqual([]);
    expect(exposures.filter((row) => row['variant'] === 'treatment')).toEqual([]);
    const invocations = await readLake(gateway.dataDir, 'invocations');
    const ofTests = invocations.filter((row) => tested.includes(row['request_id'] as string));
    expect(ofTests).toHaveLength(2);
    expect(ofTests).toMatchObject(ofTests.map(() => ({ experiment: null, variant: null })));
  });

  it('counts for no variant, whatever its answer', async () => {
    const counted = async () => {
      const text = await (await fetch(gateway.metricsUrl)).text();
      return text.split('\n').filter((line) => line.startsWith('switchyard_variant_requests_total{'));
    };
    const paths = ['/v2/models/ranking/infer', '/v1/proxy/pages/some/page'];
    for (const path of paths) await ask(path);
    const before = await counted();
    expect(before.filter((line) => line.includes('variant="control"'))).toHaveLength(paths.length);
    for (const path of paths) await ask(path, { override: token });
    expect(await counted()).toEqual(before);
  });

  it.each([
    [
      'of another tenant',
      async () => (await issue({ variants: { ranker: 'treatment' } }, 'globex')).body.token,
    ],
    ['that was tampered with', async () => `${token.slice(0, -4)}AAAA`],
    ['that is no token', async () => 'treatment'],
  ])('%s is refused on every route', async (_what, forged) => {
    const override = await forged();
    const paths = [
      '/v2/models/ranking/infer',
      '/v1/proxy/pages/',
      '/ofrep/v1/evaluate/flags',
      '/v1/exposures',
    ];
    for (const path of paths) {
      const answer = await ask(path, { override });
      expect(answer, path).toMatchObject({ status: 403, body: { code: 'override-refused' } });
    }
  });

  it('does not outlive the key of the tenant whose it is', async () => {
    const { body } = await issue({ variants: { ranker: 'treatment' } }, 'globex');
    const infer = () => ask('/v2/models/ranking/infer', { override: body.token, secret: globex });
    expect((await infer()).headers.get('x-switchyard-variant')).toBe('treatment');
    await gateway.register('/tenants/globex/erase-units', {});
    expect(await infer()).toMatchObject({ status: 403, body: { code: 'override-refused' } });
  });

  it('is in the audit log: who issued it, for whom, which variants and until when, but not itself', async () => {
    const issued = await issue({ variants: { ranker: 'treatment' }, ttlSeconds: 60 });
    expect(issued.status).toBe(201);
    const { token: secret, ...shown } = issued.body;
    const { body } = await gateway.admin('GET', '/audit?kind=override-tokens&limit=1');
    expect(body.items[0]).toMatchObject({ action: 'issue', actor: { name: 'admin' }, after: shown });
    expect(JSON.stringify(body)).not.toContain(secret);
  });

  it.each([
    [{ rankr: 'treatment' }, { code: 'unknown-experiment', suggestion: 'ranker' }],
    [{ ranker: 'tretment' }, { code: 'unknown-variant', suggestion: 'treatment' }],
    [{ theirs: 'treatment' }, { code: 'unknown-experiment' }],
  ])('is not issued for %j', async (variants, wrong) => {
    const [key] = Object.keys(variants);
    const answer = await issue({ variants });
    expect(answer).toMatchObject({ status: 422, body: { issues: [{ path: `/variants/${key}`, ...wrong }] } });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLake } from '../support/lake.ts';
import { INFER_BODY } from '../support/ranking-endpoint.ts';
import { type ApiAnswer, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let secret: string;

const VARIANTS = ['control', 'treatment'] as const;
const targetsOf = (name: string, kind: string) =>
  VARIANTS.map((variant) => ({
    key: `${name}-${variant}`,
    kind,
    cloud: 'local',
    region: 'here',
    url: upstream.url,
    ...(kind === 'oip' ? { model: 'ranker', version: variant } : {}),
  }));
const experiment = (key: string, endpoint: string, fields: Record<string, unknown> = {}) => ({
  key,
  endpoint,
  unit: 'user',
  variants: VARIANTS.map((variant) => ({ key: variant, weight: 5_000, parameters: { look: variant } })),
  state: 'running',
  ...fields,
});
const sticky = (weights: readonly number[]) =>
  experiment('ranker', 'ranking', {
    sticky: { inheritsFrom: 'session' },
    variants: VARIANTS.map((key, index) => ({ key, weight: weights[index], target: `ranker-${key}` })),
  });

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  ({ secret } = await gateway.tenant('acme'));
  await apply({
    models: [{ key: 'ranker' }],
    versions: VARIANTS.map((version, index) => ({
      ...{ model: 'ranker', version, sizeBytes: 1_000, artifacts: ['s3://models/ranker.onnx'] },
      sha256: String(index).repeat(64),
    })),
    targets: [...targetsOf('ranker', 'oip'), ...targetsOf('page', 'http')],
    endpoints: [
      { key: 'ranking', defaultTarget: 'ranker-control' },
      { key: 'pages', defaultTarget: 'page-control', parameters: { look: 'plain' } },
    ],
    experiments: [sticky([5_000, 5_000]), experiment('look', 'pages')],
    holdouts: [
      { key: 'q4', unit: 'user', endpoint: 'pages', share: 5_000, metrics: { primary: 'error-rate' } },
    ],
  });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function apply(file: unknown): Promise<void> {
  const applied = await gateway.admin('PUT', '/config', file);
  if (applied.status !== 200) throw new Error(JSON.stringify(applied.body));
}

function ask(path: string, context: unknown, body: unknown = JSON.parse(INFER_BODY)): Promise<ApiAnswer> {
  return call(`${gateway.url}${path}`, {
    method: 'POST',
    headers: {
      'x-api-key': secret,
      'content-type': 'application/json',
      'x-switchyard-context': Buffer.from(JSON.stringify(context)).toString('base64url'),
    },
    body: JSON.stringify(body),
  });
}

const variantOf = async (context: unknown) =>
  (await ask('/v2/models/ranking/infer', context)).headers.get('x-switchyard-variant');

describe('a sticky experiment', () => {
  it('keeps every unit where it is when weights change, and knows it again once it has a name', async () => {
    const users = Array.from({ length: 12 }, (_, index) => ({ user: `user-${index}` }));
    const sessions = Array.from({ length: 6 }, (_, index) => ({ session: `session-${index}` }));
    const before = await Promise.all(users.map(variantOf));
    const anonymous = await Promise.all(sessions.map(variantOf));
    expect(new Set([...before, ...anonymous])).toEqual(new Set(VARIANTS));
    await apply({ experiments: [sticky([0, 10_000])] });
    expect(await Promise.all(users.map(variantOf))).toEqual(before);
    const known = sessions.map((context, index) => ({ ...context, user: `known-${index}` }));
    expect(await Promise.all(known.map(variantOf))).toEqual(anonymous);
    const later = known.map(({ user }) => ({ user }));
    expect(await Promise.all(later.map(variantOf))).toEqual(anonymous);
    expect(await variantOf({ user: 'new' })).toBe('treatment');
    const left = users[before.indexOf('control')];
    const explained = await gateway.admin('POST', '/experiments/ranker/explain', {
      tenant: 'acme',
      context: left,
    });
    expect(explained.body.checks.at(-1).detail).toMatch(/^kept in "control" since revision \d+$/);
  });

  it('exposes what drew each unit, so that results are those of a unit’s first draw', async () => {
    const { body } = await gateway.admin('GET', '/experiments/ranker/results?fresh=true');
    expect(body).toMatchObject({ moved: false, exposures: { excludedUnits: 0 } });
    expect(body.epochs.map(({ weights }: { weights: unknown }) => weights)).toEqual([
      { control: 5_000, treatment: 5_000 },
      { control: 0, treatment: 10_000 },
    ]);
  });

  it('begins anew for units whose tenant has its key replaced', async () => {
    const users = Array.from({ length: 12 }, (_, index) => ({ user: `user-${index}` }));
    expect(await Promise.all(users.map(variantOf))).toContain('control');
    await gateway.register('/tenants/acme/erase-units', {});
    expect(new Set(await Promise.all(users.map(variantOf)))).toEqual(new Set(['treatment']));
  });
});

describe('holdouts and experiments on parameters', () => {
  const users = Array.from({ length: 40 }, (_, index) => `guest-${index}`);
  const flagBody = (user: string) => ({ context: { targetingKey: user } });
  const evaluate = (user: string) => ask('/ofrep/v1/evaluate/flags/look', {}, flagBody(user));
  const proxied = (user: string) => ask('/v1/proxy/pages/some/page', { user });
  const lookOf = ({ headers }: ApiAnswer) =>
    JSON.parse(Buffer.from(headers.get('x-switchyard-parameters') ?? '', 'base64url').toString()).look;

  it('are the same for a unit at the proxy and as a flag, held out or not', async () => {
    const looks = new Set<string>();
    for (const user of users) {
      const [flag, page] = await Promise.all([evaluate(user), proxied(user)]);
      const heldOut = flag.body.metadata['holdout.q4'] === 'held-out';
      expect(flag.body.metadata.assignment).toBe(heldOut ? 'holdout' : 'enrolled');
      expect(flag.body.value).toEqual({ look: heldOut ? 'plain' : flag.body.variant });
      expect(lookOf(page)).toBe(flag.body.value.look);
      looks.add(lookOf(page));
    }
    expect([...looks].sort()).toEqual(['control', 'plain', 'treatment']);
  });

  it('are exposed there, each for itself', async () => {
    const answers = { flag: await evaluate('guest-0'), page: await proxied('guest-0') };
    const place = answers.flag.body.metadata['holdout.q4'];
    const report = { exposures: [{ id: 'h-1', experiment: 'q4', variant: place, unitId: 'guest-0' }] };
    expect((await ask('/v1/exposures', {}, report)).body).toEqual({ accepted: 1, rejected: [] });
    const { body } = await gateway.admin('GET', '/holdouts/q4/results?fresh=true');
    expect(body).toMatchObject({ exposures: { units: users.length } });
    const exposures = await readLake(gateway.dataDir, 'exposures');
    for (const [where, { headers }] of Object.entries(answers)) {
      const own = exposures.filter((row) => row['request_id'] === headers.get('x-request-id'));
      const named = own.map((row) => row['experiment']).sort();
      expect(named, where).toEqual(answers.flag.body.variant === undefined ? ['q4'] : ['look', 'q4']);
      expect(
        own.map((row) => row['endpoint']),
        where,
      ).toEqual(own.map(() => 'pages'));
    }
    const reported = exposures.find((row) => row['id'] === 'h-1');
    expect(reported).toMatchObject({ experiment: 'q4', variant: place, reported: true });
    const looks = exposures.filter((row) => row['experiment'] === 'look');
    const heldOut = exposures.filter((row) => row['experiment'] === 'q4' && row['variant'] === 'held-out');
    const taken = new Set(looks.map((row) => row['unit']));
    expect(heldOut.filter((row) => row['reported'] === false && taken.has(row['unit']))).toEqual([]);
  });
});

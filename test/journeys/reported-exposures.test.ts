import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { readSpool } from '../support/spool.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let secret: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  const nowhere = 'http://127.0.0.1:9';
  const endpoint = { dimensions: ['device.kind', 'tenant.plan'] };
  await registerRanking(gateway, { aws: nowhere, gcp: nowhere, endpoint });
  await gateway.register('/experiments', rankingExperiment());
  await gateway.register('/experiments/ranker-v2/start', {});
  await gateway.register('/experiments', rankingExperiment({ key: 'draft' }));
  ({ secret } = await gateway.tenant('acme', { plan: 'pro' }));
});

afterAll(() => gateway.stop());

const report = (exposures: readonly unknown[]) =>
  call(`${gateway.url}/v1/exposures`, {
    method: 'POST',
    headers: { 'x-api-key': secret },
    body: JSON.stringify({ exposures }),
  });
const seen = (id: string, fields: object = {}) => ({
  id,
  experiment: 'ranker-v2',
  variant: 'treatment',
  unitId: 'u1',
  ...fields,
});

describe('reporting exposures', () => {
  it('takes the good ones of a batch and says of each other what is wrong with it', async () => {
    const hour = 3_600_000;
    const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
    const { status, body } = await report([
      seen('g1', {
        at: at(-hour),
        requestId: 'r1',
        context: { device: { kind: 'tv', id: 'd9' }, tenant: {} },
      }),
      seen('b1', { experiment: 'nothing' }),
      seen('b2', { experiment: 'draft' }),
      seen('b3', { variant: 'third' }),
      seen('b4', { unitId: undefined }),
      seen('b5', { at: at(hour) }),
      seen('b6', { at: at(-31 * 24 * hour) }),
      seen('b7', { colour: 'red' }),
      seen('g1'),
      null,
    ]);

    expect(status).toBe(200);
    expect(body.accepted).toBe(1);
    expect(body.rejected.map(({ id, code }: Record<string, unknown>) => [id, code])).toEqual([
      ['b1', 'unknown-experiment'],
      ['b2', 'unknown-experiment'],
      ['b3', 'unknown-variant'],
      ['b4', 'invalid'],
      ['b5', 'in-the-future'],
      ['b6', 'too-old'],
      ['b7', 'invalid'],
      ['g1', 'duplicate'],
      [null, 'invalid'],
    ]);
    expect(readSpool(gateway.dataDir, 'exposures')).toEqual([
      expect.objectContaining({
        id: 'g1',
        experiment: 'ranker-v2',
        variant: 'treatment',
        propensityBp: 5_000,
        requestId: 'r1',
        unit: expect.not.stringContaining('u1'),
        status: null,
        latencyMs: null,
        reported: true,
        dimensions: { 'device.kind': 'tv', 'tenant.plan': 'pro' },
      }),
    ]);
  });

  it('counts each id once in the results, and moves no measure of serving', async () => {
    const users = Array.from({ length: 20 }, (_, index) => seen(`s${index}`, { unitId: `user-${index}` }));
    await report(users);
    expect((await report(users)).body).toEqual({ accepted: 20, rejected: [] });

    const { body } = await gateway.admin('GET', '/experiments/ranker-v2/results?fresh=true');
    expect(body.exposures.byVariant.treatment).toEqual({ exposures: 21, units: 21 });
    expect(body.serving).toEqual([]);
  });

  it('shows a tenant no experiment on an endpoint that is not its own', async () => {
    await gateway.tenant('globex');
    const endpoint = { key: 'ranking', defaultTarget: 'ranker-v1-aws', tenants: ['globex'] };
    await gateway.admin('PUT', '/endpoints/ranking', endpoint, { 'if-match': '*' });

    expect((await report([seen('x')])).body.rejected).toMatchObject([{ code: 'unknown-experiment' }]);
  });
});

describe('a gateway without room', () => {
  it('refuses reports whole, to be sent again, and answers everything else', async () => {
    const small = await startTestGateway({ SPOOL_MAX_BYTES: '16777216' });
    try {
      const tenant = await small.tenant('acme');
      const send = (index: number) =>
        call(`${small.url}/v1/outcomes`, {
          method: 'POST',
          headers: { 'x-api-key': tenant.secret },
          body: JSON.stringify({
            outcomes: Array.from({ length: 1_000 }, (_, item) => ({
              id: `${index}-${item}-`.padEnd(200, 'x'),
              event: 'seen',
              unit: 'user',
              unitId: 'u',
              requestId: 'r'.repeat(200),
            })),
          }),
        });
      let accepted = 0;
      let refused = await send(0);
      for (let index = 1; refused.status === 200 && index < 100; index += 1) {
        accepted += refused.body.accepted;
        refused = await send(index);
      }

      expect(refused).toMatchObject({ status: 503, body: { code: 'no-room', retryable: true } });
      expect(refused.headers.get('retry-after')).toBe('30');
      expect(readSpool(small.dataDir, 'outcomes')).toHaveLength(accepted);
      expect(await call(`${small.url}/readyz`)).toMatchObject({ status: 200 });
    } finally {
      await small.stop();
    }
  }, 30_000);
});

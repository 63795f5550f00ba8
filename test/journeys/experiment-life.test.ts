import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
  await gateway.register('/layers', { key: 'homepage' });
});
afterAll(() => gateway.stop());

const parameters = [0, 1].map((n) => ({ key: `v${n}`, weight: 5_000, parameters: { size: n } }));
const onParameters = (key: string, fields: Record<string, unknown> = {}) => ({
  key,
  endpoint: 'ranking',
  unit: 'user',
  variants: parameters,
  ...fields,
});
const at = (key: string, path = '') => `/experiments/${key}${path}`;

describe('an experiment on parameters', () => {
  it('is checked against its JSON Schema, each fault with its place', async () => {
    const parametersSchema = { type: 'object', properties: { size: { type: 'integer', maximum: 0 } } };
    const answer = await gateway.admin('POST', '/experiments', onParameters('sized', { parametersSchema }));
    expect(answer).toMatchObject({
      status: 422,
      body: { issues: [{ path: '/variants/1/parameters/size', code: 'parameters-mismatch' }] },
    });
  });

  it('may run beside another on the same endpoint, which is said as a warning', async () => {
    for (const key of ['first', 'second']) await gateway.register('/experiments', onParameters(key));
    const first = await gateway.admin('POST', at('first', '/start'));
    const second = await gateway.admin('POST', at('second', '/start'));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body.warnings.map(({ code }: { code: string }) => code)).toContain('overlapping');
  });
});

describe('a dry run', () => {
  it('answers what a change would come to, and changes nothing', async () => {
    const before = (await gateway.admin('GET', '/audit?limit=1')).body.items[0].revision;
    const created = await gateway.admin('POST', '/experiments?dryRun=true', onParameters('phantom'));
    expect(created).toMatchObject({ status: 200, body: { key: 'phantom', state: 'draft' } });
    expect((await gateway.admin('POST', at('first', '/stop?dryRun=true'))).body.state).toBe('stopped');
    const tenant = await gateway.admin('POST', '/tenants?dryRun=true', { key: 'phantom' });
    expect(tenant.status).toBe(200);
    expect((await gateway.admin('GET', at('phantom'))).status).toBe(404);
    expect((await gateway.admin('GET', at('first'))).body.state).toBe('running');
    expect((await gateway.admin('GET', '/audit?limit=1')).body.items[0].revision).toBe(before);
  });

  it('finds every fault that the change itself would', async () => {
    const answer = await gateway.admin(
      'POST',
      '/experiments?dryRun=true',
      onParameters('x', { endpoint: 'rankin' }),
    );
    expect(answer).toMatchObject({
      status: 422,
      body: { issues: [{ path: '/endpoint', value: 'rankin', suggestion: 'ranking' }] },
    });
  });
});

describe('a decision', () => {
  it('ships a variant: its target becomes the default in the same call', async () => {
    await gateway.register('/experiments', rankingExperiment());
    await gateway.admin('POST', at('ranker-v2', '/start'));
    const answer = await gateway.admin('POST', at('ranker-v2', '/decide'), {
      decision: 'ship',
      variant: 'treatment',
    });
    expect(answer.body).toMatchObject({
      state: 'stopped',
      status: { decision: { kind: 'ship', by: 'admin' } },
    });
    expect((await gateway.admin('GET', '/endpoints/ranking')).body.defaultTarget).toBe('ranker-v2-gcp');
    const again = await gateway.admin('POST', at('ranker-v2', '/decide'), { decision: 'inconclusive' });
    expect(again).toMatchObject({ status: 409, body: { code: 'wrong-state' } });
  });

  it('lays the parameters of a shipped variant over those of the endpoint', async () => {
    await gateway.admin('POST', at('first', '/decide'), { decision: 'ship', variant: 'v1' });
    expect((await gateway.admin('GET', '/endpoints/ranking')).body.parameters).toEqual({ size: 1 });
  });

  it('to roll back leaves the endpoint as it is', async () => {
    const before = (await gateway.admin('GET', '/endpoints/ranking')).body.revision;
    await gateway.admin('POST', at('second', '/decide'), { decision: 'roll-back', reason: 'slower' });
    expect((await gateway.admin('GET', '/endpoints/ranking')).body.revision).toBe(before);
  });
});

describe('the history of an experiment', () => {
  it('shows what each revision changed, and goes back to any of them', async () => {
    const created = await gateway.register('/experiments', onParameters('told', { name: 'One' }));
    const first = created.body.revision;
    const replaced = await gateway.admin('PUT', at('told'), onParameters('told', { name: 'Two' }), {
      'if-match': '*',
    });
    const { revision } = replaced.body;
    const shown = await gateway.admin('GET', at('told', `/revisions/${revision}`));
    expect(shown.body).toMatchObject({
      action: 'replace',
      actor: { name: 'admin' },
      changes: [{ path: '/name', before: 'One', after: 'Two' }],
    });
    const restored = await gateway.admin('POST', at('told', '/restore'), { revision: first });
    expect(restored.body.name).toBe('One');
    const listed = await gateway.admin('GET', at('told', '/revisions?limit=2'));
    expect(listed.body.items.map(({ action }: { action: string }) => action)).toEqual(['restore', 'replace']);
    expect(listed.body.next).toBe(String(revision));
    const against = await gateway.admin(
      'GET',
      at('told', `/revisions/${restored.body.revision}?against=${first}`),
    );
    expect(against.body.changes).toEqual([]);
    expect((await gateway.admin('GET', at('told', '/revisions/999999'))).status).toBe(404);
  });

  it('holds what was said of it, in order', async () => {
    for (const text of ['Looks good', 'Wait for Monday']) {
      await gateway.register(at('told', '/comments'), { text });
    }
    const { body } = await gateway.admin('GET', at('told', '/comments'));
    expect(body.items).toMatchObject([
      { text: 'Looks good', by: 'admin' },
      { text: 'Wait for Monday', by: 'admin' },
    ]);
  });

  it('goes on in another environment as a draft that knows where it comes from', async () => {
    const answer = await gateway.admin('POST', at('told', '/promote'), {
      environment: 'staging',
      key: 'told-staging',
    });
    expect(answer).toMatchObject({
      status: 201,
      body: { state: 'draft', environment: 'staging', status: { promotedFrom: { experiment: 'told' } } },
    });
  });
});

describe('review', () => {
  it('keeps an experiment from starting, and a live one from being changed, until others agree', async () => {
    await gateway.register('/environments', { key: 'staging', approvals: 1 });
    const start = await gateway.admin('POST', at('told-staging', '/start'));
    expect(start).toMatchObject({ status: 409, body: { issues: [{ code: 'approvals-missing' }] } });
    await gateway.admin('POST', at('told-staging', '/submit'));
    const own = await gateway.admin('POST', at('told-staging', '/approve'));
    expect(own).toMatchObject({ status: 409, body: { issues: [{ code: 'own-work' }] } });
  });

  it('cannot be gone around by a file', async () => {
    const approvals = [{ by: 'nobody', at: '2026-11-01T00:00:00Z' }];
    const apply = (fields: Record<string, unknown>) =>
      gateway.admin('PUT', '/config', {
        experiments: [onParameters('smuggled', { environment: 'staging', status: { approvals }, ...fields })],
      });
    const running = await apply({ state: 'running' });
    expect(running).toMatchObject({ status: 422, body: { issues: [{ path: '/experiments/0' }] } });
    expect(running.body.issues[0].message).toContain('asks for 1 approvals');
    expect(await apply({ state: 'in-review' })).toMatchObject({ status: 200 });
    const { body } = await gateway.admin('GET', at('smuggled'));
    expect(body).toMatchObject({ state: 'in-review', status: { author: 'admin', approvals: [] } });
    expect(await apply({ state: 'running' })).toMatchObject({
      status: 422,
      body: { issues: [{ code: 'approvals-missing' }] },
    });
  });

  it('of any environment is asked for to ship, and ships with the decision in one commit', async () => {
    await gateway.register('/experiments', rankingExperiment({ key: 'ranker-v3' }));
    await gateway.register(at('ranker-v3', '/start'), {});
    const ship = { decision: 'ship', variant: 'control' };
    const alone = await gateway.admin('POST', at('ranker-v3', '/decide'), ship);
    expect(alone).toMatchObject({ status: 409, body: { issues: [{ code: 'approvals-missing' }] } });
    const planned = await gateway.admin('POST', at('ranker-v3', '/changes'), { decision: ship });
    const [{ id }] = planned.body.status.plannedChanges;
    const { body: key } = await gateway.register('/service-keys', { name: 'grace', roles: ['reviewer'] });
    const asGrace = { authorization: `Bearer ${key.secret}` };
    const approved = await gateway.admin(
      'POST',
      at('ranker-v3', `/changes/${id}/approve`),
      undefined,
      asGrace,
    );
    expect(approved.status).toBe(200);
    await until(async () => (await gateway.admin('GET', at('ranker-v3'))).body.state === 'stopped');
    expect((await gateway.admin('GET', '/endpoints/ranking')).body.defaultTarget).toBe('ranker-v1-aws');
    const newest = async (kind: string, name: string) =>
      (await gateway.admin('GET', `/audit?kind=${kind}&key=${name}&limit=1`)).body.items[0];
    const [decision, shipping] = [
      await newest('experiments', 'ranker-v3'),
      await newest('endpoints', 'ranking'),
    ];
    expect([decision.action, shipping.action]).toEqual(['planned-change', 'ship']);
    expect(shipping.revision).toBe(decision.revision);
  });
});

describe('a layer', () => {
  it('deals the tightest free range, and shows who owns the rest', async () => {
    const layer = (from: number, to: number) => ({ layer: { key: 'homepage', from, to } });
    await gateway.register('/experiments', onParameters('low', layer(0, 3_000)));
    await gateway.register('/experiments', onParameters('high', layer(5_000, 9_000)));
    const dealt = await gateway.admin('POST', '/layers/homepage/deal', { size: 800 });
    expect(dealt.body).toEqual({ key: 'homepage', from: 9_000, to: 9_800 });
    const tooMuch = await gateway.admin('POST', '/layers/homepage/deal', { size: 2_001 });
    expect(tooMuch).toMatchObject({ status: 409, body: { detail: expect.stringContaining('[3000, 5000)') } });
    const slots = await gateway.admin('GET', '/layers/homepage/slots');
    expect(slots.body.environments[0].free).toEqual([
      { from: 3_000, to: 5_000 },
      { from: 9_000, to: 10_000 },
    ]);
  });
});

describe('an import', () => {
  it('answers drafts that can be applied as they are, and what it left out', async () => {
    const rule = { key: 'hero', hashAttribute: 'user', hashVersion: 2, variations: ['a', 'b'] };
    const payload = { features: { hero: { rules: [rule] }, old: { rules: [{ ...rule, hashVersion: 1 }] } } };
    const read = await gateway.admin('POST', '/import', {
      format: 'growthbook',
      endpoint: 'ranking',
      payload,
    });
    expect(read).toMatchObject({
      status: 200,
      body: { experiments: [{ key: 'hero', hash: 'growthbook-v2' }], skipped: [{ code: 'growthbook-v1' }] },
    });
    const applied = await gateway.admin('PUT', '/config', { experiments: read.body.experiments });
    expect(applied).toMatchObject({ status: 200, body: { applied: true } });
    expect((await gateway.admin('GET', at('hero'))).body.state).toBe('draft');
  });
});

describe('a holdout', () => {
  it('shares the names of experiments', async () => {
    const holdout = { key: 'told', unit: 'user', share: 500 };
    expect(await gateway.admin('POST', '/holdouts', holdout)).toMatchObject({
      status: 422,
      body: { issues: [{ path: '/key', code: 'shared-name' }] },
    });
    expect((await gateway.admin('POST', '/holdouts', { ...holdout, key: 'q4' })).status).toBe(201);
  });
});

describe('explain', () => {
  it('says check by check why a context is where it is', async () => {
    await gateway.register('/experiments', onParameters('clear', { audience: { 'tenant.plan': 'pro' } }));
    await gateway.tenant('acme', { plan: 'pro' });
    await gateway.admin('POST', at('clear', '/start'));
    const ask = (body: unknown) => gateway.admin('POST', at('clear', '/explain'), body);
    expect((await ask({ context: { user: 'u-1' } })).body.checks.at(-1)).toMatchObject({
      check: 'audience',
      passed: false,
    });
    const checks = (await ask({ tenant: 'acme', context: { user: 'u-1' } })).body.checks;
    expect(checks.map(({ check }: { check: string }) => check)).toContain('audience');
    expect((await ask({ tenant: 'nobody', context: {} })).status).toBe(404);
  });
});

describe('automation', () => {
  it('starts by schedule, ramps up by its steps and makes planned changes, each with its audit entry', async () => {
    const ramp = { steps: [100, 5_000].map((allocation) => ({ allocation, dwellMinutes: 0 })) };
    const schedule = { startAt: '2026-01-01T00:00:00Z' };
    await gateway.register('/experiments', onParameters('self', { ramp, schedule }));
    await until(async () => (await gateway.admin('GET', at('self'))).body.allocation === 5_000);
    await gateway.admin('POST', at('self', '/changes'), { fields: { name: 'Renamed' } });
    await until(async () => (await gateway.admin('GET', at('self'))).body.name === 'Renamed');
    const { body } = await gateway.admin('GET', '/audit?kind=experiments&key=self');
    const entries = body.items.map(({ action, actor }: { action: string; actor: { name: string } }) => [
      action,
      actor.name,
    ]);
    expect(entries).toEqual([
      ['planned-change', 'automation'],
      ['plan-change', 'admin'],
      ['ramp-step', 'automation'],
      ['start-on-schedule', 'automation'],
      ['create', 'admin'],
    ]);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not come about within 15 s');
    await sleep(50);
  }
}

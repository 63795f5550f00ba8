import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INFER_BODY, rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { readSpool } from '../support/spool.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { openInferenceAnswer, startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let upstream: Upstream;
let secret: string;

beforeAll(async () => {
  upstream = await startUpstream(openInferenceAnswer(1));
  gateway = await startTestGateway();
  const endpoint = { dimensions: ['country', 'tenant.plan', 'device.kind', 'beta'] };
  await registerRanking(gateway, { aws: upstream.url, gcp: upstream.url, endpoint });
  await gateway.register('/experiments', rankingExperiment());
  await gateway.register('/experiments/ranker-v2/start', {});
  ({ secret } = await gateway.tenant('acme', { plan: 'pro' }));
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** The exposure of one request of a user. */
async function exposureOf(context: Record<string, unknown>): Promise<Record<string, unknown> | undefined> {
  const answer = await call(`${gateway.url}/v2/models/ranking/infer`, {
    method: 'POST',
    headers: {
      'x-api-key': secret,
      'x-switchyard-context': Buffer.from(JSON.stringify(context)).toString('base64url'),
    },
    body: INFER_BODY,
  });
  expect(answer.status).toBe(200);
  const id = answer.headers.get('x-request-id');
  return readSpool(gateway.dataDir, 'exposures').find((exposure) => exposure['id'] === id);
}

describe('the context of a request', () => {
  it('leaves in the exposure what the endpoint lists, as text, and nothing else', async () => {
    const exposure = await exposureOf({
      user: 'zoë',
      country: 'DE',
      device: { kind: 7, serial: 'S-1' },
      beta: { on: true },
      email: 'zoe@example.com',
      tenant: { plan: 'free' },
    });

    expect(exposure?.['dimensions']).toEqual({ country: 'DE', 'tenant.plan': 'pro', 'device.kind': '7' });
    expect(JSON.stringify(exposure)).not.toMatch(/zoë|zoe@|S-1/);
  });

  it('may not be recorded where it names a unit', async () => {
    const endpoint = { key: 'ranking', defaultTarget: 'ranker-v1-aws', dimensions: ['user'] };
    const answer = await gateway.admin('PUT', '/endpoints/ranking', endpoint, { 'if-match': '*' });

    expect(answer).toMatchObject({
      status: 422,
      body: { issues: [{ path: '/dimensions/0', code: 'unit-as-dimension' }] },
    });
  });
});

describe("erasing a tenant's units", () => {
  it('gives every unit another pseudonym, and leaves the old key nowhere', async () => {
    const before = await exposureOf({ user: 'u1' });
    expect((await exposureOf({ user: 'u1' }))?.['unit']).toBe(before?.['unit']);
    const onDisk = () => readFile(join(gateway.dataDir, 'configuration.json'), 'utf8');
    const { unitKeys } = JSON.parse(await onDisk());

    const answer = await gateway.admin('POST', '/tenants/acme/erase-units');

    expect(answer).toMatchObject({ status: 200, body: { key: 'acme', attributes: { plan: 'pro' } } });
    const after = await exposureOf({ user: 'u1' });
    expect(after?.['unit']).not.toBe(before?.['unit']);
    expect(after?.['variant']).toBe(before?.['variant']);
    expect(JSON.stringify(unitKeys)).toMatch(/acme/);
    await expect.poll(onDisk).not.toContain(JSON.stringify(unitKeys).slice(1, -1));
    const audit = await gateway.admin('GET', '/audit?kind=tenants&key=acme');
    expect(audit.body.items[0]).toMatchObject({ action: 'erase-units' });
  });

  it('is refused for a tenant that is not there, and after another change', async () => {
    expect(await gateway.admin('POST', '/tenants/nobody/erase-units')).toMatchObject({ status: 404 });
    const stale = await gateway.admin('POST', '/tenants/acme/erase-units', undefined, { 'if-match': '"1"' });
    expect(stale).toMatchObject({ status: 412 });
  });
});

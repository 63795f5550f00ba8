import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ADMIN_KEY, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.stop());

const FILE = `
tenants:
  - key: acme
    attributes: { plan: pro }
layers: [{ key: ranking }]
segments:
  - { key: testers, values: [u1, 2] }
`;

const send = (url: string, body: string, { query = '', type = 'application/yaml', ifMatch = '*' } = {}) =>
  call(`${url}/admin/v1/config${query}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type, 'if-match': ifMatch },
    body,
  });

describe('the configuration as a file', () => {
  it('is planned, applied at one revision with an audit entry for each thing, and exported again', async () => {
    const planned = await send(gateway.url, FILE, { query: '?dryRun=true' });
    expect(planned).toMatchObject({
      status: 200,
      body: {
        applied: false,
        revision: 0,
        unchanged: 0,
        changes: [{ action: 'create', key: 'acme' }, {}, {}],
      },
    });
    expect((await gateway.admin('GET', '/tenants')).body.items).toEqual([]);

    const etag = planned.headers.get('etag') ?? '';
    const applied = await send(gateway.url, FILE, { ifMatch: etag });
    expect(applied).toMatchObject({ status: 200, body: { applied: true, revision: 1 } });
    expect(applied.body.changes).toEqual(planned.body.changes);
    const audit = (await gateway.admin('GET', '/audit?limit=1')).body;
    expect(audit.items.map(({ revision, kind }: Record<string, unknown>) => `${revision} ${kind}`)).toEqual([
      '1 tenants',
      '1 layers',
      '1 segments',
    ]);
    expect(audit.next).toBeNull();
    const exportedLog = (await gateway.admin('GET', '/audit/export')).body.trimEnd().split('\n');
    expect(exportedLog.map((line: string) => JSON.parse(line))).toEqual(audit.items);

    // The tenant can be used: its pseudonymisation key was made with it.
    const { body: key } = await gateway.register('/tenants/acme/keys', { name: 'backend' });
    const outcome = await call(`${gateway.url}/v1/outcomes`, {
      method: 'POST',
      headers: { 'x-api-key': key.secret },
      body: JSON.stringify({ outcomes: [{ id: 'o', event: 'e', unit: 'user', unitId: 'u' }] }),
    });
    expect(outcome).toMatchObject({ status: 200, body: { accepted: 1 } });

    const exported = await call(`${gateway.url}/admin/v1/config`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/yaml' },
    });
    expect(parse(exported.body)).toMatchObject({ ...parse(FILE), experiments: [] });
    expect(exported.body).not.toContain('digest');
    expect(await send(gateway.url, exported.body, { query: '?prune=true' })).toMatchObject({
      body: { applied: true, changes: [], unchanged: 3, revision: 2 },
    });
  });

  it('is applied as a whole or not at all, and only at the revision that was planned', async () => {
    const before = (await gateway.admin('GET', '/config')).headers.get('etag') ?? '';
    const broken = JSON.stringify({
      layers: [{ key: 'new' }],
      endpoints: [{ key: 'e', defaultTarget: 'no' }],
    });
    const refused = await send(gateway.url, broken, { type: 'application/json' });
    expect(refused).toMatchObject({
      status: 422,
      body: { issues: [{ path: '/endpoints/0/defaultTarget', code: 'unknown-target' }] },
    });
    expect((await gateway.admin('GET', '/layers/new')).status).toBe(404);
    await gateway.register('/layers', { key: 'meanwhile' });
    expect(await send(gateway.url, FILE, { ifMatch: before })).toMatchObject({
      status: 412,
      body: { code: 'revision-mismatch' },
    });
  });

  it.each([
    ['that is not YAML', 'a: [', 'application/yaml', 400],
    ['with a key twice', 'layers: []\nlayers: []', 'application/yaml', 400],
    [
      'that grows without bound',
      `a: &a [x]\n${'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n'}layers: ${'[*b]'.padStart(5)}`,
      'application/yaml',
      422,
    ],
    ['of another type', 'layers: []', 'text/plain', 415],
    ['with an empty body', '', 'application/yaml', 422],
  ])('refuses one %s', async (_what, body, type, status) => {
    expect((await send(gateway.url, body, { type })).status).toBe(status);
  });

  it('refuses a flag that is neither true nor false', async () => {
    expect((await send(gateway.url, FILE, { query: '?dryRun=yes' })).status).toBe(400);
  });
});

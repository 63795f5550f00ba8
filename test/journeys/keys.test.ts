import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, adminClient, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  await gateway.register('/tenants', { key: 'acme' });
});

afterAll(() => gateway.stop());

/** The status of a request of the data plane that wants nothing but a key. */
async function outcomes(secret: string): Promise<number> {
  const { status } = await call(`${gateway.url}/v1/outcomes`, {
    method: 'POST',
    headers: { 'x-api-key': secret },
    body: JSON.stringify({ outcomes: [{ id: 'x', event: 'e', unit: 'user', unitId: 'u' }] }),
  });
  return status;
}

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Waits until a condition holds; the test's own timeout ends it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('a key', () => {
  it('works until it expires, and says so afterwards', async () => {
    const { body } = await gateway.register('/tenants/acme/keys', { name: 'short', expiresAt: inMs(1_000) });
    expect(await outcomes(body.secret)).toBe(200);
    await until(async () => (await outcomes(body.secret)) === 401);
    const answer = await call(`${gateway.url}/v1/outcomes`, {
      method: 'POST',
      headers: { 'x-api-key': body.secret },
    });
    expect(answer.body.detail).toContain('expired');
  });

  it('goes on under its old secret for the overlap of a rotation, and no longer', async () => {
    const { body: first } = await gateway.register('/tenants/acme/keys', { name: 'rotated' });
    const rotate = (overlapSeconds: number) =>
      gateway.register(`/tenants/acme/keys/${first.id}/rotate`, { overlapSeconds });
    const { body: second } = await rotate(60);
    expect(second).toMatchObject({ id: first.id, name: 'rotated', previousValidUntil: expect.any(String) });
    expect([await outcomes(first.secret), await outcomes(second.secret)]).toEqual([200, 200]);
    const { body: third } = await rotate(0);
    expect(await Promise.all([first, second, third].map(({ secret }) => outcomes(secret)))).toEqual([
      401, 401, 200,
    ]);
    await gateway.admin('DELETE', `/tenants/acme/keys/${first.id}`);
    expect(await outcomes(third.secret)).toBe(401);
  });

  it('is changed only as it was read, where its ETag is given', async () => {
    const created = await gateway.register('/tenants/acme/keys', { name: 'etag' });
    const path = `/tenants/acme/keys/${created.body.id}`;
    const stale = { 'if-match': '"0"' };
    expect(await gateway.admin('POST', `${path}/rotate`, {}, stale)).toMatchObject({ status: 412 });
    expect(await gateway.admin('DELETE', path, undefined, stale)).toMatchObject({ status: 412 });
    const etag = (await gateway.admin('GET', path)).headers.get('etag') ?? '';
    expect(etag).toBe(created.headers.get('etag'));
    expect(await gateway.admin('DELETE', path, undefined, { 'if-match': etag })).toMatchObject({
      status: 204,
    });
  });

  it('shows when it was last used, across a restart', async () => {
    const { body } = await gateway.register('/service-keys', { name: 'ci', roles: ['viewer'] });
    expect((await gateway.admin('GET', `/service-keys/${body.id}`)).body.lastUsedAt).toBeNull();
    const before = Date.now();
    expect(await adminClient(gateway.url, body.secret).admin('GET', '/tenants')).toMatchObject({
      status: 200,
    });
    await gateway.stop({ keepData: true });
    gateway = await startTestGateway({}, gateway.dataDir);
    const { lastUsedAt } = (await gateway.admin('GET', `/service-keys/${body.id}`)).body;
    expect(Date.parse(lastUsedAt)).toBeGreaterThanOrEqual(before);
  });

  it('of a tenant-admin names its tenant, and keeps it from being deleted', async () => {
    const make = (fields: object) => gateway.admin('POST', '/service-keys', { name: 'x', ...fields });
    expect(await make({ roles: ['tenant-admin'] })).toMatchObject({ status: 422 });
    expect(await make({ roles: ['viewer'], tenant: 'acme' })).toMatchObject({ status: 422 });
    expect(await make({ roles: ['tenant-admin'], tenant: 'nobody' })).toMatchObject({
      status: 422,
      body: { issues: [{ code: 'unknown-tenant' }] },
    });
    await gateway.register('/tenants', { key: 'governed' });
    const { body } = await gateway.register('/service-keys', {
      name: 'theirs',
      roles: ['tenant-admin'],
      tenant: 'governed',
    });
    const remove = () => gateway.admin('DELETE', '/tenants/governed', undefined, { 'if-match': '*' });
    expect(await remove()).toMatchObject({ status: 422 });
    const theirs = adminClient(gateway.url, body.secret);
    expect(await theirs.admin('POST', '/tenants/governed/keys', { name: 'own' })).toMatchObject({
      status: 201,
    });
    const [entry] = (await gateway.admin('GET', '/audit?limit=1')).body.items;
    expect(entry.actor).toMatchObject({ name: 'theirs', key: body.id });
  });
});

describe('wrong keys', () => {
  it('are held off after too many, and the right chosen key with them; a random one is not', async () => {
    const held = await startTestGateway({ AUTH_FAILURES_PER_MINUTE: '3' });
    try {
      const { body } = await held.register('/service-keys', { name: 'automation', roles: ['viewer'] });
      const get = (key: string) => adminClient(held.url, key).admin('GET', '/tenants');
      const told = [];
      for (let guess = 0; guess < 5; guess++) told.push((await get(`guess-${guess}`)).status);
      expect(told).toEqual([401, 401, 401, 429, 429]);
      const refused = await get(ADMIN_KEY);
      expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-attempts', retryable: true } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await get(body.secret)).toMatchObject({ status: 200 });
    } finally {
      await held.stop();
    }
  });

  it('are counted by the address that a trusted proxy tells, and by the connection without one', async () => {
    const behind = await startTestGateway({ AUTH_FAILURES_PER_MINUTE: '1', TRUSTED_PROXIES: '1' });
    try {
      const from = (address: string, key: string) =>
        behind.admin('GET', '/tenants', undefined, {
          authorization: `Bearer ${key}`,
          'x-forwarded-for': `198.51.100.9, ${address}`,
        });
      expect([(await from('2001:db8::1', 'a')).status, (await from('2001:db8::2', 'b')).status]).toEqual([
        401, 429,
      ]);
      expect(await from('203.0.113.7', ADMIN_KEY)).toMatchObject({ status: 200 });
      expect(await from('2001:db8:0:1::1', ADMIN_KEY)).toMatchObject({ status: 200 });
    } finally {
      await behind.stop();
    }
  });
});

describe('pages of other origins', () => {
  const preflight = (url: string, origin: string) =>
    call(`${url}/v1/outcomes`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-api-key',
      },
    });

  it('may call nothing unless a setting names them, and never with cookies', async () => {
    const closed = await preflight(gateway.url, 'https://app.example');
    expect(closed.headers.get('access-control-allow-origin')).toBeNull();
    const open = await startTestGateway({ CORS_ORIGINS: 'https://app.example, https://b.example' });
    try {
      const allowed = await preflight(open.url, 'https://b.example');
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://b.example');
      expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
      const other = await preflight(open.url, 'https://evil.example');
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
    } finally {
      await open.stop();
    }
  });
});

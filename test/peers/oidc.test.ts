import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.ts';
import {
  AUDIENCE,
  AUTOMATION,
  CLIENT,
  type OidcProvider,
  startOidcProvider,
} from '../support/oidc-provider.ts';
import { call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const GROUPS = { ada: ['ml', 'ml-leads'], grace: ['acme-ops'], eve: ['visitors'] };

let port: string;
let provider: OidcProvider;
let gateway: TestGateway;

/** A port that was free a moment ago: both sides must know the other's address before they start. */
async function freePort(): Promise<string> {
  const probe = await startTestGateway();
  await probe.stop();
  return new URL(probe.url).port;
}

beforeAll(async () => {
  port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  provider = await startOidcProvider({ port: 0, redirectUri: `${publicUrl}/auth/callback`, groups: GROUPS });
  gateway = await startTestGateway({
    PORT: port,
    PUBLIC_URL: publicUrl,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: CLIENT.id,
    OIDC_CLIENT_SECRET: CLIENT.secret,
    OIDC_AUDIENCE: AUDIENCE,
    OIDC_ROLES: 'ml=experimenter,ml-leads=reviewer,acme-ops=tenant-admin:acme,automation=viewer',
  });
  for (const key of ['acme', 'globex']) await gateway.register('/tenants', { key });
});

afterAll(async () => {
  await gateway.stop();
  await provider.stop();
});

/** Goes through the provider's own pages: login, consent, and back to the gateway. */
async function signIn(login: string, returnTo = '/'): Promise<{ browser: Browser; back: string }> {
  const browser = new Browser();
  const callback = `${gateway.url}/auth/callback`;
  let at = await browser.follow(`${gateway.url}/auth/login?returnTo=${encodeURIComponent(returnTo)}`);
  for (const form of [{ prompt: 'login', login, password: 'anything' }, { prompt: 'consent' }]) {
    const action = /action="([^"]+)"/.exec(await at.response.text())?.[1] ?? '';
    at = await browser.follow(
      new URL(action, at.url).href,
      { method: 'POST', body: new URLSearchParams(form) },
      callback,
    );
    if (at.url.startsWith(callback)) break;
  }
  return { browser, back: at.url };
}

const session = async (browser: Browser) => {
  const response = await browser.send(`${gateway.url}/admin/v1/session`);
  return { status: response.status, body: await response.json() };
};

describe('signing in through an identity provider', () => {
  it('gives a person the roles of their groups, in a cookie that scripts cannot read', async () => {
    const { browser, back } = await signIn('ada', '/docs');
    const done = await browser.send(back);
    expect(done.status).toBe(302);
    expect(done.headers.get('location')).toBe('/docs');
    const cookie = done.headers.getSetCookie().find((line) => line.startsWith('switchyard-session=')) ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    expect(cookie).not.toContain('ada');
    expect(await session(browser)).toEqual({
      status: 200,
      body: { name: 'ada@acme.example', roles: ['experimenter', 'reviewer'], tenant: null, key: 'session' },
    });
  });

  it('is not taken twice, from another browser, or without having begun here', async () => {
    const { browser, back } = await signIn('ada');
    expect((await new Browser().send(back)).status).toBe(401);
    const wrongState = new URL(back);
    wrongState.searchParams.set('state', 'another');
    expect((await browser.send(wrongState.href)).status).toBe(401);
    expect((await browser.send(back)).status).toBe(401);
    expect((await session(browser)).status).toBe(401);
  });

  it('shows somebody without a role nothing', async () => {
    const { browser, back } = await signIn('eve');
    const refused = await browser.send(back);
    expect(refused.status).toBe(403);
    expect((await session(browser)).status).toBe(401);
  });

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'docs'])(
    'never leads to %s afterwards',
    async (returnTo) => {
      const url = `${gateway.url}/auth/login?returnTo=${encodeURIComponent(returnTo)}`;
      expect(await call(url, { redirect: 'manual' })).toMatchObject({ status: 400 });
    },
  );

  it('lets a session change things from the own pages only, and shows a tenant-admin its tenant', async () => {
    const { browser, back } = await signIn('grace');
    await browser.send(back);
    const create = (headers: Record<string, string>, tenant = 'acme') =>
      browser.send(`${gateway.url}/admin/v1/tenants/${tenant}/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ name: 'from a page' }),
      });
    const own = { 'sec-fetch-site': 'same-origin' };
    expect((await create({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await create({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await create({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await create({})).status).toBe(403);
    expect((await create({ origin: gateway.url })).status).toBe(201);
    expect((await create(own)).status).toBe(201);
    expect((await create(own, 'globex')).status).toBe(404);
    const [entry] = (await gateway.admin('GET', '/audit?limit=1')).body.items;
    expect(entry.actor).toMatchObject({ name: 'grace@acme.example', key: 'session' });
  });

  it('ends when the person signs out', async () => {
    const { browser, back } = await signIn('ada');
    await browser.send(back);
    const out = await browser.send(`${gateway.url}/admin/v1/session`, {
      method: 'DELETE',
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect(out.status).toBe(204);
    expect((await session(browser)).status).toBe(401);
  });
});

describe('a token of automation', () => {
  const token = async () => {
    const { body } = await call(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${AUTOMATION.id}:${AUTOMATION.secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: AUDIENCE }),
    });
    return String(body.access_token);
  };
  const ask = async (bearer: string) => {
    const { status, body } = await call(`${gateway.url}/admin/v1/session`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    return { status, body };
  };

  it('is known by its groups', async () => {
    expect(await ask(await token())).toEqual({
      status: 200,
      body: { name: AUTOMATION.id, roles: ['viewer'], tenant: null, key: 'token' },
    });
  });

  it('is refused when it was changed, or signed by nobody', async () => {
    const [head = '', payload = '', signature = ''] = (await token()).split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const admin = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), groups: ['ml-leads'] }),
    ).toString('base64url');
    expect((await ask(`${head}.${admin}.${signature}`)).status).toBe(401);
    expect((await ask(`${none}.${admin}.${signature}`)).status).toBe(401);
    expect((await ask(`${none}.${admin}.`)).status).toBe(401);
  });

  it('is known under new keys of the provider, and not under those it has dropped', async () => {
    const before = await token();
    expect((await ask(before)).status).toBe(200);
    await provider.stop();
    provider = await startOidcProvider({
      port: Number(new URL(provider.issuer).port),
      redirectUri: `${gateway.url}/auth/callback`,
      groups: GROUPS,
    });
    await expect.poll(async () => (await ask(await token())).status, { timeout: 10_000 }).toBe(200);
    expect((await ask(before)).status).toBe(401);
  });
});

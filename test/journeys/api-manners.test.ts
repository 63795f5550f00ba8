import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminClient, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.stop());

const once = (key: string) => ({ 'idempotency-key': key });

describe('a creation with an idempotency key', () => {
  it('is done once and answered the same however often it is sent', async () => {
    const create = (body: unknown, key = 'k1') => gateway.admin('POST', '/layers', body, once(key));
    const first = await create({ key: 'ranking' });
    const again = await create({ key: 'ranking' });
    expect(first.status).toBe(201);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    for (const name of ['etag', 'location', 'content-type']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    expect(await create({ key: 'other' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await create({ key: 'ranking' }, 'k2')).toMatchObject({
      status: 409,
      body: { code: 'already-exists' },
    });
    expect((await gateway.admin('GET', '/audit?kind=layers')).body.items).toHaveLength(1);
  });

  it('may be tried again after it failed', async () => {
    const create = (body: unknown) => gateway.admin('POST', '/endpoints', body, once('k3'));
    expect(await create({ key: 'e', defaultTarget: 'nothing' })).toMatchObject({ status: 422 });
    expect(await create({ key: 'e', defaultTarget: 'nothing' })).toMatchObject({
      status: 422,
      body: { code: 'invalid-configuration' },
    });
  });

  it('is done once when it is sent many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        gateway.admin('POST', '/service-keys', { name: 'x', roles: ['viewer'] }, once('k4')),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(7);
    expect((await gateway.admin('GET', '/service-keys')).body.items).toHaveLength(1);
  });

  it('does not keep a secret to give it again', async () => {
    await gateway.register('/tenants', { key: 'acme' });
    const make = () => gateway.admin('POST', '/tenants/acme/keys', { name: 'a' }, once('k5'));
    expect((await make()).body.secret).toMatch(/^sy_/);
    expect(await make()).toMatchObject({ status: 409, body: { code: 'secret-not-repeated' } });
  });

  it("is nobody else's, and has a length", async () => {
    const { body } = await gateway.register('/service-keys', { name: 'other', roles: ['experimenter'] });
    const other = adminClient(gateway.url, body.secret);
    await gateway.admin('POST', '/layers', { key: 'mine' }, once('k6'));
    expect(await other.admin('POST', '/layers', { key: 'theirs' }, once('k6'))).toMatchObject({
      status: 201,
    });
    for (const key of ['', 'x'.repeat(256)]) {
      expect(await gateway.admin('POST', '/layers', { key: 'long' }, once(key))).toMatchObject({
        status: 400,
      });
    }
  });
});

describe('a list', () => {
  const keys = async (query: string) =>
    (await gateway.admin('GET', `/metrics?${query}`)).body.items.map(({ key }: { key: string }) => key);

  beforeAll(async () => {
    for (const [key, event, kind, name] of [
      ['m1', 'click', 'proportion', 'Clicks'],
      ['m3', 'click', 'mean', 'Depth'],
      ['m2', 'rate', 'mean', 'Clickbait'],
    ]) {
      await gateway.register('/metrics', { key, event, kind, name });
    }
  });

  it('is narrowed down by fields and by text', async () => {
    expect(await keys('event=click')).toEqual(['m1', 'm3']);
    expect(await keys('event=click&kind=mean')).toEqual(['m3']);
    expect(await keys('q=CLICK')).toEqual(['m1', 'm2']);
    expect(await keys('q=nothing')).toEqual([]);
  });

  it('is sorted either way, in pages without gap or repetition', async () => {
    expect(await keys('sort=-key')).toEqual(['m3', 'm2', 'm1']);
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await gateway.admin('GET', `/metrics?sort=-createdAt&limit=1${after}`);
      seen.push(...body.items.map(({ key }: { key: string }) => key));
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    expect(seen).toEqual(['m2', 'm3', 'm1']);
  });

  it.each(['colour=red', 'sort=event', 'event=a&event=b', 'sort=createdAt&after=m1'])(
    'refuses ?%s',
    async (query) => {
      expect(await gateway.admin('GET', `/metrics?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'invalid-request' },
      });
    },
  );
});

describe('the reference page', () => {
  it('comes from here alone: its policy lets it load nothing from anybody else', async () => {
    const page = await call(`${gateway.url}/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*/);
    const sources = [...page.body.matchAll(/(?:src|spec-url)="([^"]+)"/g)].map(([, path]) => path);
    expect(sources).toEqual(['/openapi.json', '/docs/redoc.js']);
    const script = await call(`${gateway.url}/docs/redoc.js`);
    expect(script).toMatchObject({ status: 200 });
    expect(script.headers.get('content-type')).toMatch(/javascript/);
    expect(script.body).toContain('Redoc');
  });
});

describe('the guide', () => {
  it('is a page with a policy that allows no script, kept by its ETag', async () => {
    const page = await call(`${gateway.url}/docs/guide/quickstart`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.body).toContain('<h1 id="quickstart">Quickstart</h1>');
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'self'; img-src 'self'/,
    );
    const again = await call(`${gateway.url}/docs/guide/quickstart`, {
      headers: { 'if-none-match': page.headers.get('etag') ?? '' },
    });
    expect(again).toMatchObject({ status: 304, body: '' });
  });

  it('has its style and its pictures, and says what is not there', async () => {
    const style = await call(`${gateway.url}/docs/guide/guide.css`);
    expect(style.headers.get('content-type')).toMatch(/^text\/css/);
    const picture = await call(`${gateway.url}/docs/guide/images/one-request.svg`);
    expect(picture.headers.get('content-type')).toMatch(/^image\/svg/);
    for (const path of ['/docs/guide/no-such-page', '/docs/guide/images/..%2f..%2fcli.md']) {
      expect(await call(`${gateway.url}${path}`)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    }
    expect((await call(`${gateway.url}/docs`)).body).toContain('<a href="/docs/guide">');
  });
});

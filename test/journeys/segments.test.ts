import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let secret: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ secret } = await gateway.tenant('acme'));
  await gateway.register('/targets', {
    key: 'pages',
    kind: 'http',
    cloud: 'local',
    region: 'here',
    url: 'http://127.0.0.1:1',
  });
  await gateway.register('/endpoints', { key: 'shop', defaultTarget: 'pages' });
  await gateway.register('/segments', { key: 'vips', attribute: 'user' });
  await gateway.register('/segments', {
    key: 'vips-in-germany',
    condition: { country: 'DE', $savedGroup: { id: 'vips' } },
  });
  await gateway.register('/experiments', {
    key: 'for-vips',
    endpoint: 'shop',
    unit: 'user',
    audience: { $savedGroup: { id: 'vips-in-germany' } },
    variants: [
      { key: 'off', weight: 5_000, parameters: { value: false } },
      { key: 'on', weight: 5_000, parameters: { value: true } },
    ],
  });
  await gateway.register('/experiments/for-vips/start', {});
});

afterAll(() => gateway.stop());

const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  call(`${gateway.url}/admin/v1/segments/${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/x-ndjson', ...headers },
    ...(body === undefined ? {} : { body }),
  });

const linesOf = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** Whether the experiment takes a user: by the audience, which names a condition, which names the list. */
async function isIn(user: string | number, country = 'DE'): Promise<boolean> {
  const { body } = await call(`${gateway.url}/ofrep/v1/evaluate/flags/for-vips`, {
    method: 'POST',
    headers: { 'x-api-key': secret, 'content-type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey: String(user), user, country } }),
  });
  return body.reason === 'SPLIT';
}

describe('a list that is uploaded to a segment', () => {
  it('is served as soon as the upload is answered, and each line that is no id is named', async () => {
    const answer = await send('PUT', 'vips/values', '"ada"\r\n"grace"\n\n7\n"ada"\nlinus\n{"id":1}\n"eve"');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        count: 4,
        accepted: 4,
        unchanged: 1,
        rejected: [
          { line: 5, message: 'must be a JSON string, in quotes, or a number' },
          { line: 6, message: 'must be a JSON string, in quotes, or a number' },
        ],
        rejectedCount: 2,
      },
    });
    expect(await Promise.all(['ada', 'eve', 'linus', 7].map((user) => isIn(user)))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(await isIn('ada', 'FR')).toBe(false);
    expect(answer.headers.get('etag')).toBe(`"${answer.body.revision}"`);
  });

  it('grows and shrinks in parts, over many thousands, and comes back as it is', async () => {
    const many = Array.from({ length: 25_000 }, (_, index) => `user-${index}`);
    await send('PUT', 'vips/values', linesOf(many.slice(0, 12_000)));
    const added = await gateway.admin('POST', '/segments/vips/values', ['ada', 'user-1']);
    expect(added).toMatchObject({ status: 200, body: { count: 12_001, accepted: 1, unchanged: 1 } });
    expect((await send('POST', 'vips/values', linesOf(many.slice(11_000)))).body).toMatchObject({
      count: 25_001,
      accepted: 13_000,
      unchanged: 1_000,
    });
    const removed = await send('POST', 'vips/values/removals', linesOf(['user-3', 'user-20000', 'nobody']));
    expect(removed.body).toMatchObject({ count: 24_999, accepted: 2, unchanged: 1 });
    expect(
      await Promise.all(['user-2', 'user-3', 'user-20000', 'user-24999', 'ada'].map((user) => isIn(user))),
    ).toEqual([true, false, false, true, true]);
    const { body } = await send('GET', 'vips/values');
    const gone = new Set(['user-3', 'user-20000']);
    const left = [...many.filter((id) => !gone.has(id)), 'ada'].sort();
    expect(String(body).trimEnd().split('\n').sort()).toEqual(left.map((id) => JSON.stringify(id)));
  });

  it('commits nothing where the values are the same afterwards', async () => {
    const { body: before } = await send('PUT', 'vips/values', '"ada"\n"grace"\n7\n');
    const { body: segment } = await gateway.admin('GET', '/segments/vips');
    const same = [
      await send('PUT', 'vips/values', '7\n"grace"\n"ada"\n"ada"\n'),
      await send('POST', 'vips/values', '"grace"\n'),
      await send('POST', 'vips/values/removals', '"nobody"\n"7"\n'),
    ];
    for (const { status, body, headers } of same) {
      expect([status, body.count, body.revision]).toEqual([200, 3, before.revision]);
      expect(headers.get('etag')).toBe(`"${before.revision}"`);
    }
    expect((await gateway.admin('GET', '/segments/vips')).body).toEqual(segment);
    const { body: other } = await send('PUT', 'vips/values', '"ada"\n"grace"\n"7"\n');
    expect(other.revision).toBeGreaterThan(before.revision);

    await gateway.register('/segments', { key: 'written', values: ['ada', 7] });
    expect((await send('PUT', 'written/values', '7\n"ada"\n')).body.count).toBe(2);
    expect((await gateway.admin('GET', '/segments/written')).body.values).toEqual(['ada', 7]);
  });

  it('stays when the segment is written again without values, and goes with those that are written', async () => {
    await send('PUT', 'vips/values', '"ada"\n');
    const replace = (fields: Record<string, unknown>) =>
      gateway.admin(
        'PUT',
        '/segments/vips',
        { key: 'vips', attribute: 'user', ...fields },
        { 'if-match': '*' },
      );
    expect((await replace({ name: 'Our best' })).body).toMatchObject({
      name: 'Our best',
      list: { count: 1 },
    });
    expect(await isIn('ada')).toBe(true);
    expect((await replace({ values: ['grace'] })).body.list).toBeUndefined();
    expect([await isIn('ada'), await isIn('grace')]).toEqual([false, true]);
    expect((await send('POST', 'vips/values', '"ada"\n')).body.count).toBe(2);
    expect([await isIn('ada'), await isIn('grace')]).toEqual([true, true]);
  });

  it('is no part of a configuration file, which leaves it where it is', async () => {
    await send('PUT', 'vips/values', '"ada"\n');
    const { body: file } = await gateway.admin('GET', '/config');
    expect(await gateway.admin('PUT', '/config', file)).toMatchObject({ status: 200, body: { changes: [] } });
    const [list] = file.segments.filter(({ key }: { key: string }) => key === 'vips');
    const elsewhere = await gateway.admin('PUT', '/config?dryRun=true', {
      segments: [{ ...list, key: 'others' }],
    });
    expect(elsewhere).toMatchObject({ status: 422, body: { issues: [{ path: '/segments/0/list' }] } });
  });

  it('is kept on disk for a start without the database, and only the one that is in force', async () => {
    const { body } = await send('PUT', 'vips/values', '"ada"\n');
    const { body: segment } = await gateway.admin('GET', '/segments/vips');
    expect(body.count).toBe(1);
    expect(await readdir(join(gateway.dataDir, 'segments'))).toEqual([`${segment.list.id}.ids`]);
  });

  it.each([
    ['to a condition', 'vips-in-germany/values', '"a"\n', {}, 409, 'wrong-state'],
    ['to nothing', 'nothing/values', '"a"\n', {}, 404, 'not-found'],
    [
      'as something else',
      'vips/values',
      '"a"\n',
      { 'content-type': 'text/plain' },
      415,
      'unsupported-media-type',
    ],
    ['of another revision', 'vips/values', '"a"\n', { 'if-match': '"0"' }, 412, 'revision-mismatch'],
    ['of no ids at all', 'vips/values', 'a\nb\n', {}, 422, 'invalid-configuration'],
    ['without line breaks', 'vips/values', `"${'x'.repeat(5_000)}`, {}, 400, 'invalid-request'],
  ])('is refused %s', async (_, path, body, headers, status, code) => {
    expect(await send('PUT', path, body, headers)).toMatchObject({ status, body: { code } });
    expect(await isIn('ada')).toBe(true);
  });
});

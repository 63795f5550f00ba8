import { describe, expect, it } from 'vitest';
import type { StoredDocument } from '../../../experiments/store/configuration-store.ts';
import { compileSnapshot } from '../../../gateway/snapshot/compile-snapshot.ts';
import { serveWhatCompiles } from '../../../gateway/snapshot/serve-what-compiles.ts';

const stored = (kind: string, key: string, value: Record<string, unknown> = {}): StoredDocument => ({
  kind,
  key,
  revision: 1,
  createdAt: '',
  updatedAt: '',
  value: { key, ...value },
});

const experiment = (fields: Record<string, unknown> = {}) =>
  stored('experiments', 'colour', {
    endpoint: 'shop',
    unit: 'user',
    state: 'running',
    audience: { $savedGroup: { id: 'germans' } },
    layer: { key: 'design', from: 0, to: 5_000 },
    variants: ['red', 'blue'].map((key) => ({ key, weight: 5_000, parameters: { colour: key } })),
    ...fields,
  });

const GOOD = [
  stored('tenants', 'acme', { attributes: { plan: 'pro' } }),
  stored('targets', 'pages', { kind: 'http', cloud: 'local', region: 'here', url: 'http://127.0.0.1:1' }),
  stored('endpoints', 'shop', { defaultTarget: 'pages', tenants: ['acme'] }),
  stored('layers', 'design'),
  stored('segments', 'germans', { condition: { country: 'DE' } }),
  experiment(),
];

const compile = async (documents: readonly StoredDocument[]) => compileSnapshot(2, documents);
const serve = (now: readonly StoredDocument[], before: readonly StoredDocument[] = GOOD) =>
  serveWhatCompiles(now, compile, async () => before);
const replaced = (...changed: readonly StoredDocument[]) => [
  ...GOOD.filter(({ kind, key }) => !changed.some((one) => one.kind === kind && one.key === key)),
  ...changed,
];
const resourcesOf = (rejected: readonly { readonly resource: string }[]) =>
  [...new Set(rejected.map(({ resource }) => resource))].sort();

describe('what is stored', () => {
  it('is served as it is where it is valid', async () => {
    const { snapshot, documents, rejected } = await serve(GOOD, []);
    expect(snapshot?.compiled.get('colour')?.state).toBe('running');
    expect([documents, rejected]).toEqual([GOOD, []]);
  });

  it.each([
    ['an experiment', experiment({ variants: 'two' })],
    ['a segment', stored('segments', 'germans', { condition: { country: { $inn: ['DE'] } } })],
    [
      'a segment that names itself',
      stored('segments', 'germans', { condition: { $savedGroup: { id: 'germans' } } }),
    ],
    ['a layer', stored('layers', 'design', { hash: 'md5' })],
    ['a tenant', stored('tenants', 'acme', { attributes: 'pro' })],
    ['an endpoint', stored('endpoints', 'shop', { defaultTarget: 'nowhere' })],
  ])('is served as it last was where it is not: %s', async (_, broken) => {
    const stopped = stored('experiments', 'other', { ...experiment().value, key: 'other', state: 'paused' });
    const { snapshot, documents, rejected } = await serve([...replaced(broken), stopped]);
    expect(resourcesOf(rejected)).toContain(`${broken.kind}/${broken.key}`);
    for (const document of GOOD) expect(documents).toContain(document);
    expect(snapshot?.endpoints.get('shop')?.tenants).toEqual(new Set(['acme']));
    expect(snapshot?.compiled.get('colour')?.state).toBe('running');
  });

  it('is served with every other change that came with the invalid one', async () => {
    const broken = stored('tenants', 'acme', { attributes: 'pro' });
    const paused = experiment({ state: 'paused' });
    const { snapshot, rejected } = await serve(replaced(broken, paused));
    expect(snapshot?.compiled.get('colour')?.state).toBe('paused');
    expect(resourcesOf(rejected)).toEqual(['tenants/acme']);
  });

  it('is left out where it was never valid, and nothing else with it', async () => {
    const broken = stored('layers', 'new', { hash: 'md5' });
    const { documents, rejected } = await serve([...GOOD, broken]);
    expect(documents).toEqual(GOOD);
    expect(resourcesOf(rejected)).toEqual(['layers/new']);
  });

  it.each([
    ['layers', 'design'],
    ['endpoints', 'shop'],
    ['targets', 'pages'],
    ['tenants', 'acme'],
    ['segments', 'germans'],
  ])('is served with what it names and somebody has deleted beside the API: %s', async (kind, key) => {
    const { snapshot, documents, rejected } = await serve(GOOD.filter((one) => one.kind !== kind));
    expect(documents.some((one) => one.kind === kind && one.key === key)).toBe(true);
    expect(snapshot?.compiled.get('colour')?.state).toBe('running');
    expect(rejected.length).toBeGreaterThan(0);
  });

  it('is served without what was never valid where there is nothing to fall back on', async () => {
    const { snapshot } = await serve(replaced(stored('endpoints', 'shop', { defaultTarget: 'nowhere' })), []);
    expect([...(snapshot?.tenants.keys() ?? [])]).toEqual(['acme']);
    expect(snapshot?.endpoints.size).toBe(0);
  });
});

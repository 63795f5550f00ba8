import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enrol } from '../../../experiments/assignment.ts';
import type { StoredDocument } from '../../../experiments/store/configuration-store.ts';
import { RESOURCE_KINDS } from '../../../gateway/catalogue/resources.ts';
import { compileSnapshot } from '../../../gateway/snapshot/compile-snapshot.ts';
import { serveWhatCompiles } from '../../../gateway/snapshot/serve-what-compiles.ts';
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts';

const stored = (kind: string, key: string, value: Record<string, unknown> = {}): StoredDocument => ({
  kind,
  key,
  revision: 1,
  createdAt: '',
  updatedAt: '',
  value: { key, ...value },
});

const shop = [
  stored('targets', 'pages', { kind: 'http', cloud: 'local', region: 'here', url: 'http://127.0.0.1:1' }),
  stored('endpoints', 'shop', { defaultTarget: 'pages' }),
];
const experiment = (key: string, fields: Record<string, unknown>) =>
  stored('experiments', key, {
    endpoint: 'shop',
    unit: 'user',
    state: 'running',
    variants: ['a', 'b'].map((variant) => ({ key: variant, weight: 5_000, parameters: { variant } })),
    ...fields,
  });

const countries = fc.constantFrom('DE', 'FR', 'GB');
const users = Array.from({ length: 40 }, (_, index) => ({
  user: `user-${index}`,
  country: ['DE', 'FR', 'GB'][index % 3],
}));

/** One thing as it may be next; undefined where it is not there. */
const things = fc.record({
  list: fc.array(fc.integer({ min: 0, max: 39 }), { maxLength: 20 }),
  country: countries,
  nested: fc.boolean(),
  salt: fc.constantFrom('x', 'y'),
  share: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
  halted: fc.boolean(),
  allocation: fc.constantFrom(0, 5_000, 10_000),
  prerequisite: fc.boolean(),
});
type Things = typeof things extends fc.Arbitrary<infer T> ? T : never;

function documentsOf(now: Things): StoredDocument[] {
  const { list, country, nested, salt, share, halted, allocation, prerequisite } = now;
  return [
    ...shop,
    stored('segments', 'list', { attribute: 'user', values: list.map((index) => `user-${index}`) }),
    stored('segments', 'outer', {
      condition: nested ? { $savedGroup: { id: 'list' } } : { country },
    }),
    stored('layers', 'layer', { hash: 'growthbook-v2', salt }),
    ...(share === undefined ? [] : [stored('holdouts', 'holdout', { unit: 'user', share })]),
    ...(halted
      ? [stored('halts', 'first.a', { experiment: 'first', variant: 'a', reason: 'complaints' })]
      : []),
    experiment('first', { audience: { $savedGroup: { id: 'outer' } }, allocation }),
    experiment('second', { layer: { key: 'layer', from: 0, to: 6_000 } }),
    experiment('third', {
      prerequisites: prerequisite ? [{ experiment: 'first', variants: ['a'] }] : [],
      audience: { user: { $notInGroup: 'list' } },
    }),
  ];
}

function compiled(documents: readonly StoredDocument[]): Snapshot {
  const result = compileSnapshot(1, documents, { lists: new Map() });
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.snapshot;
}

const answersOf = ({ compiled: experiments }: Snapshot) =>
  [...experiments.values()].map((one) =>
    users.map((context) => {
      const outcome = enrol(one, { context, knowledge: {} });
      return outcome.kind === 'enrolled' ? outcome.variant.key : outcome.reason;
    }),
  );

describe('a snapshot', () => {
  it('answers the same whether it was compiled anew or from what was compiled before', () => {
    fc.assert(
      fc.property(fc.array(things, { minLength: 2, maxLength: 6 }), (steps) => {
        let known = new Map<string, StoredDocument>();
        for (const step of steps) {
          // What has not changed stays the same object, as the store hands it on.
          const documents = documentsOf(step).map((one) => {
            const before = known.get(`${one.kind}/${one.key}`);
            return JSON.stringify(before) === JSON.stringify(one) && before !== undefined ? before : one;
          });
          known = new Map(documents.map((one) => [`${one.kind}/${one.key}`, one]));
          expect(answersOf(compiled(documents))).toEqual(answersOf(compiled(structuredClone(documents))));
        }
      }),
      { numRuns: 25 },
    );
  });

  it('compiles again only what has changed, or what that is part of', () => {
    const [step] = fc.sample(things, { numRuns: 1, seed: 7 });
    if (step === undefined) throw new Error('there is a sample');
    const still = { ...step, nested: true, prerequisite: false };
    const before = documentsOf(still);
    const after = before.map((one) =>
      one.kind === 'segments' && one.key === 'list'
        ? stored('segments', 'list', { attribute: 'user', values: ['x'] })
        : one,
    );
    const [first, second] = [compiled(before), compiled(after)];
    const isSame = (key: string) => first.compiled.get(key) === second.compiled.get(key);
    expect(['first', 'second', 'third'].map(isSame)).toEqual([false, true, false]);
  });
});

describe('whatever is stored', () => {
  const kinds = [...RESOURCE_KINDS.map(({ name }) => name), 'keys', 'service-keys', 'unheard-of'];
  const examples = new Map<string, Record<string, unknown>>(
    RESOURCE_KINDS.map(({ name, example }) => [name, example]),
  );
  const names = ['key', 'state', 'variants', 'audience', 'layer', 'endpoint', 'condition', 'values', 'list'];
  const further = ['versions', 'model', 'defaultTarget', 'dimensions', 'status', 'hash', 'parametersSchema'];
  const fields = fc.dictionary(fc.constantFrom(...names, ...further), fc.jsonValue({ maxDepth: 3 }), {
    maxKeys: 4,
  });
  const keys = fc.constantFrom('a', '__proto__', 'constructor', 'ranker-v2', 'movie-ranking');
  const anything = fc
    .tuple(fc.constantFrom(...kinds), keys, fields, fc.boolean())
    .map(([kind, key, value, isWhole]) =>
      stored(kind, key, isWhole ? value : { ...examples.get(kind), state: 'running', key, ...value }),
    );
  const serve = (documents: readonly StoredDocument[]) =>
    serveWhatCompiles(
      documents,
      async (some) => compileSnapshot(1, some, { lists: new Map() }),
      async () => [],
    );

  it('compiles or says why not, and what is left always serves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 6 }), async (documents) => {
        expect((await serve([...shop, ...documents])).snapshot).not.toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  it.each(['audience', 'parametersSchema', 'parameters', 'condition', 'attributes', 'variants'])(
    'may nest as deep as it likes: %s',
    async (field) => {
      let deep: unknown = 1;
      for (let level = 0; level < 100_000; level++) deep = { a: deep };
      const value =
        field === 'variants' ? ['a', 'b'].map((key) => ({ key, weight: 5_000, parameters: deep })) : deep;
      for (const kind of kinds) {
        const document = stored(kind, 'deep', {
          ...examples.get(kind),
          state: 'running',
          key: 'deep',
          [field]: value,
        });
        expect((await serve([...shop, document])).snapshot?.endpoints.has('shop')).toBe(true);
      }
    },
  );
});

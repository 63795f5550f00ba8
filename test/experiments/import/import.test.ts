import { GrowthBookClient } from '@growthbook/growthbook';
import fc from 'fast-check';
import { type Context, initialize } from 'unleash-client';
import { describe, expect, it } from 'vitest';
import { assignEach } from '../../../experiments/assignment.ts';
import { compileSegments } from '../../../experiments/audience/compile-segments.ts';
import { compileExperiment } from '../../../experiments/compile-experiment.ts';
import { growthBookPayloadSchema, importGrowthBook } from '../../../experiments/import/import-growthbook.ts';
import { importUnleash, unleashExportSchema } from '../../../experiments/import/import-unleash.ts';
import type { Imported } from '../../../experiments/import/imported.ts';

const USERS = Array.from({ length: 3_000 }, (_, index) => `user-${index}`);

/** What a unit gets of what was imported: the parameter `value` of the one experiment that takes it, or nothing. */
function givenBy({
  experiments,
  layers,
  segments,
  skipped,
}: Imported): (context: Record<string, unknown>) => unknown {
  if (experiments.length === 0) throw new Error(`nothing was imported: ${JSON.stringify(skipped)}`);
  const compiled = experiments.map((experiment) => {
    const result = compileExperiment({
      experiment,
      state: 'running',
      revision: 1,
      layers: new Map(layers.map((layer) => [layer.key, layer])),
      segments: compileSegments(new Map(segments.map((segment) => [segment.key, segment]))).compiled,
    });
    if (!result.ok) throw new Error(JSON.stringify(result.issues));
    return result.compiled;
  });
  return (context) => {
    const taken = assignEach(compiled, context);
    expect(taken.length).toBeLessThan(2);
    return taken[0]?.variant.parameters?.['value'];
  };
}

const growthBook = (features: Record<string, unknown>, savedGroups: Record<string, unknown> = {}) =>
  importGrowthBook(growthBookPayloadSchema.parse({ features, savedGroups }), 'ranking');

describe('importing from GrowthBook', () => {
  const rule = { key: 'exp', hashAttribute: 'user', hashVersion: 2, variations: ['a', 'b', 'c'] };

  it('keeps every unit where the published SDK has it, whatever weights and coverage', () => {
    const weights = fc
      .tuple(fc.integer({ min: 1, max: 98 }), fc.integer({ min: 1, max: 98 }))
      .map(([one, other]) => [Math.min(one, other), Math.abs(one - other), 100 - Math.max(one, other)])
      .map((parts) => parts.map((part) => part / 100));
    const odd = fc.constantFrom<number[]>([0.333, 0.333, 0.334], [1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7]);
    fc.assert(
      fc.property(
        fc.oneof(weights, odd),
        fc.integer({ min: 0, max: 100 }),
        fc.string({ maxLength: 8 }),
        (shares, percent, seed) => {
          const rules = [
            { ...rule, weights: shares, coverage: percent / 100, ...(seed === '' ? {} : { seed }) },
          ];
          const features = { feature: { defaultValue: 'none', rules } };
          const client = new GrowthBookClient().initSync({ payload: { features } });
          const ours = givenBy(growthBook(features));
          for (const user of USERS.slice(0, 300)) {
            const theirs = client.evalFeature('feature', { attributes: { user } });
            expect(ours({ user })).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
          }
        },
      ),
      { numRuns: 40, seed: 7 },
    );
  });

  it('keeps thousands of units where they are, behind a rule that forces some of them', () => {
    const rules = [
      { condition: { plan: 'free' }, force: 'forced' },
      { ...rule, condition: { country: { $in: ['DE', 'FR'] } }, weights: [0.2, 0.3, 0.5], coverage: 0.4 },
    ];
    const features = { feature: { defaultValue: 'none', rules } };
    const client = new GrowthBookClient().initSync({ payload: { features } });
    const ours = givenBy(growthBook(features));
    for (const [index, user] of USERS.entries()) {
      const context = {
        user,
        plan: index % 3 === 0 ? 'free' : 'pro',
        country: index % 2 === 0 ? 'DE' : 'US',
      };
      const theirs = client.evalFeature('feature', { attributes: context });
      expect(ours(context)).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
    }
  });

  const filter = (ranges: [number, number][]) => ({
    seed: 'The Layer',
    ranges,
    hashVersion: 2,
    attribute: 'user',
  });

  it('keeps the slots of filters and namespaces, as layers that experiments share', () => {
    const share = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 100 }));
    const ranges = share.map(([from, size]): [number, number] => [
      from / 100,
      Math.min(1, (from + size) / 100),
    ]);
    const excluding = fc.oneof(
      ranges.map((range) => ({ filters: [filter([range])] })),
      ranges.map((range) => ({ filters: [{ ...filter([range]), hashVersion: 1 }] })),
      ranges.map(([from, to]) => ({ namespace: ['My space', from, to] as const })),
    );
    fc.assert(
      fc.property(excluding, (fields) => {
        const features = { feature: { defaultValue: 'none', rules: [{ ...rule, ...fields }] } };
        const client = new GrowthBookClient().initSync({ payload: { features: features as never } });
        const ours = givenBy(growthBook(features));
        for (const user of USERS.slice(0, 400)) {
          const theirs = client.evalFeature('feature', { attributes: { user } });
          expect(ours({ user })).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
        }
      }),
      { numRuns: 30, seed: 7 },
    );
    const halves = {
      a: { rules: [{ ...rule, key: 'a', filters: [filter([[0, 0.5]])] }] },
      b: { rules: [{ ...rule, key: 'b', filters: [filter([[0.5, 1]])] }] },
    };
    expect(growthBook(halves)).toMatchObject({
      layers: [{ key: 'the-layer', hash: 'growthbook-v2', salt: 'The Layer' }],
      experiments: [{ layer: { from: 0, to: 5_000 } }, { layer: { from: 5_000, to: 10_000 } }],
    });
  });

  it('takes saved groups over as segments, and conditions with their new names', () => {
    const savedGroups = {
      grp_Old: USERS.slice(0, 500),
      grp_list: { type: 'list', attributeKey: 'user', values: USERS.slice(200, 900) },
      grp_de: { type: 'condition', condition: { country: 'DE' } },
    };
    const condition = {
      user: { $notInGroup: 'grp_Old' },
      $or: [{ $savedGroup: { id: 'grp_list' } }, { $savedGroup: { id: 'grp_de' } }],
    };
    const features = { feature: { defaultValue: 'none', rules: [{ ...rule, condition }] } };
    const client = new GrowthBookClient().initSync({ payload: { features, savedGroups } as never });
    const read = growthBook(features, savedGroups);
    expect(read.segments.map(({ key }) => key)).toEqual(['grp_old', 'grp_list', 'grp_de']);
    const ours = givenBy(read);
    for (const [index, user] of USERS.entries()) {
      const context = { user, country: index % 2 === 0 ? 'DE' : 'US' };
      const theirs = client.evalFeature('feature', { attributes: context });
      expect(ours(context)).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
    }
    const long = growthBook({}, { big: Array.from({ length: 10_001 }, (_, n) => n) });
    expect(long).toMatchObject({
      segments: [{ key: 'big' }],
      skipped: [{ path: '/savedGroups/big', code: 'upload' }],
    });
    expect(long.segments[0]).not.toHaveProperty('values');
  });

  it('draws by the fallback attribute whom the SDK does, once it keeps what it draws', () => {
    const features = {
      feature: { defaultValue: 'none', rules: [{ ...rule, fallbackAttribute: 'device', coverage: 0.6 }] },
    };
    const client = new GrowthBookClient().initSync({ payload: { features } });
    const ours = givenBy(growthBook(features));
    for (const [index, id] of USERS.slice(0, 600).entries()) {
      const attributes = index % 2 === 0 ? { device: id } : { user: id, device: `${id}-phone` };
      const keeping = {
        stickyBucketAssignmentDocs: {},
        saveStickyBucketAssignmentDoc: async () => undefined,
      };
      const theirs = client.evalFeature('feature', { attributes, ...keeping });
      expect(ours(attributes)).toBe(theirs.source === 'experiment' ? theirs.value : undefined);
    }
  });

  it.each([
    ['the first version of the hash', { ...rule, hashVersion: 1 }, 'growthbook-v1'],
    ['no version, which means the first', { ...rule, hashVersion: undefined }, 'growthbook-v1'],
    ['a prerequisite', { ...rule, parentConditions: [{ id: 'other', condition: {} }] }, 'parentConditions'],
    ['two filters', { ...rule, filters: [filter([[0, 0.5]]), filter([[0, 0.5]])] }, 'layer'],
    [
      'a filter with gaps',
      {
        ...rule,
        filters: [
          filter([
            [0, 0.2],
            [0.5, 0.7],
          ]),
        ],
      },
      'layer',
    ],
    [
      'a filter of another unit',
      { ...rule, filters: [{ ...filter([[0, 1]]), attribute: 'session' }] },
      'layer',
    ],
  ])('leaves out a rule with %s, and says why', (_, refused, code) => {
    const result = growthBook({ feature: { rules: [refused] } });
    expect(result).toMatchObject({ experiments: [], skipped: [{ path: '/features/feature/rules/0', code }] });
  });
});

describe('importing from Unleash', () => {
  const variant = (name: string, weight: number) => ({ name, weight, stickiness: 'userId' });
  const feature = (rollout: string, constraints: unknown[] = []) => ({
    name: 'Checkout Flow',
    type: 'experiment',
    enabled: true,
    project: 'default',
    stale: false,
    impressionData: false,
    variants: [],
    strategies: [
      {
        name: 'flexibleRollout',
        parameters: { rollout, stickiness: 'userId', groupId: 'checkout' },
        constraints,
        variants: [variant('a', 200), variant('b', 300), variant('c', 500)],
      },
    ],
  });
  const unleash = (features: unknown[], segments: unknown[] = []) =>
    importUnleash(unleashExportSchema.parse({ features, segments }), 'ranking');

  /** What the published SDK gives, of features that it never has to ask anybody for. */
  async function withSdk(
    data: { readonly features: unknown[]; readonly segments?: unknown[] },
    check: (variantOf: (context: Context) => string | undefined) => void,
  ): Promise<void> {
    const client = initialize({
      appName: 'test',
      url: 'http://127.0.0.1:9/api/',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      bootstrap: { data: data.features as never, segments: (data.segments ?? []) as never },
    });
    client.on('error', () => undefined);
    try {
      await new Promise((resolve) => client.once('ready', resolve));
      check((context) => {
        const { enabled, name } = client.getVariant('Checkout Flow', context);
        return enabled ? name : undefined;
      });
    } finally {
      client.destroy();
    }
  }

  it.each(['100', '50', '7'])(
    'keeps every unit where the published SDK has it, at a rollout of %s percent',
    async (rollout) => {
      const constraints = [
        { contextName: 'country', operator: 'IN', values: ['DE'], inverted: false, caseInsensitive: false },
      ];
      const features = [feature(rollout, constraints)];
      await withSdk({ features }, (variantOf) => {
        const ours = givenBy(unleash(features));
        for (const [index, userId] of USERS.entries()) {
          const country = index % 4 === 0 ? 'FR' : 'DE';
          expect(ours({ userId, country })).toBe(variantOf({ userId, properties: { country } }));
        }
      });
    },
  );

  it('takes several strategies over, each for whom those before it leave, with segments and texts', async () => {
    const [strategy] = feature('100').strategies;
    const text = (operator: string, values: string[], fields = {}) => ({
      ...{ contextName: 'plan', operator, values, inverted: false, caseInsensitive: false },
      ...fields,
    });
    const segments = [
      { id: 7, name: 'Big spenders', constraints: [text('STR_STARTS_WITH', ['pro.', 'ent'])] },
      { id: 8, constraints: [text('STR_CONTAINS', ['TRIAL'], { caseInsensitive: true, inverted: true })] },
    ];
    const one = { ...feature('100'), variants: [variant('x', 600), variant('y', 400)] };
    const features = [
      {
        ...one,
        strategies: [
          { ...strategy, constraints: [text('STR_ENDS_WITH', ['-eu'])] },
          { ...strategy, segments: [7], variants: [variant('d', 500), variant('e', 500)] },
          {
            ...strategy,
            parameters: { rollout: '30', stickiness: 'userId', groupId: 'Checkout Flow' },
            segments: [8],
            variants: [],
          },
        ],
      },
    ];
    const read = unleash(features, segments);
    expect(read.skipped).toEqual([]);
    expect(read.experiments.map(({ key }) => key)).toEqual([
      'checkout-flow',
      'checkout-flow-2',
      'checkout-flow-3',
    ]);
    const plans = ['pro.x', 'free-trial', 'enterprise-eu', 'free', 'a.pro.', undefined];
    await withSdk({ features, segments }, (variantOf) => {
      const ours = givenBy(read);
      for (const [index, userId] of USERS.entries()) {
        const plan = plans[index % plans.length];
        const properties: Record<string, string> = plan === undefined ? {} : { plan };
        expect(ours({ userId, ...properties }), `${userId} ${plan}`).toBe(variantOf({ userId, properties }));
      }
    });
  });

  it('draws by the id of the variants where everybody is rolled out to', async () => {
    const [strategy] = feature('100').strategies;
    const variants = [{ ...variant('a', 300), stickiness: 'company' }, variant('b', 700)];
    const features = [{ ...feature('100'), strategies: [{ ...strategy, variants }] }];
    await withSdk({ features }, (variantOf) => {
      const ours = givenBy(unleash(features));
      for (const company of USERS.slice(0, 500)) {
        expect(ours({ userId: 'u', company })).toBe(variantOf({ userId: 'u', properties: { company } }));
      }
    });
  });

  it('leaves out what no draft can keep, and says why', () => {
    const [strategy] = feature('50').strategies;
    const odd = feature('50', [{ contextName: 'day', operator: 'DATE_AFTER', value: '2026-01-01' }]);
    const share = { ...feature('50'), name: 'Share', strategies: [strategy, strategy] };
    const gone = { ...feature('50'), name: 'Gone', strategies: [{ ...strategy, segments: [1] }] };
    const mixed = {
      ...strategy,
      variants: [{ ...variant('a', 300), stickiness: 'company' }, variant('b', 700)],
    };
    const read = unleash([odd, share, gone, { ...feature('50'), name: 'Mixed', strategies: [mixed] }]);
    expect(read.skipped.map(({ path, code }) => `${path} ${code}`)).toEqual([
      '/features/0/strategies/0 constraint',
      '/features/1/strategies/1 earlier-strategies',
      '/features/2/strategies/0 segment',
      '/features/3/strategies/0 stickiness',
    ]);
    expect(read.experiments.map(({ key }) => key)).toEqual(['share']);
  });
});

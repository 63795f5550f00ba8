import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign, compileExperiment, type EvaluationContext } from '../../experiments/assignment.ts';
import { drawSlot } from '../../experiments/bucketing.ts';
import { EXPERIMENT_STATES } from '../../experiments/experiment.ts';
import { compiledWith, experimentWith, variantsOf } from '../support/experiments.ts';

const USERS = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
const VARIANT_SLOTS = USERS.map((user) => drawSlot('ranker-v2', 'variant', user));

/** Basis points, 2 to 6 of them, that sum to 10,000; zeros are welcome. */
const weights = fc
  .array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 5 })
  .map((cuts) => [0, ...cuts.toSorted((left, right) => left - right), 10_000])
  .map((cuts) => cuts.slice(1).map((cut, index) => cut - (cuts[index] ?? 0)));

describe('assign', () => {
  it('says all there is to say about an enrolled unit', () => {
    const experiment = compiledWith({ variants: variantsOf([1_000, 9_000]) });
    expect(drawSlot('ranker-v2', 'variant', 'user-1')).toBeGreaterThan(1_000);
    expect(assign([experiment], { user: 'user-1' })).toEqual({
      kind: 'enrolled',
      reason: 'enrolled',
      experiment: 'ranker-v2',
      revision: 7,
      unit: 'user',
      unitId: 'user-1',
      variant: { key: 'v1', weight: 9_000, target: 'target-1' },
      propensityBp: 9_000,
      keep: null,
    });
  });

  it('finds no experiment where there is none', () => {
    expect(assign([], { user: 'user-1' })).toEqual({ kind: 'not-enrolled', reason: 'no-experiment' });
  });

  it.each(EXPERIMENT_STATES)('enrols only while running: %s', (state) => {
    const { reason } = assign([compiledWith({}, { state })], { user: 'user-1' });
    expect(reason).toBe(state === 'running' ? 'enrolled' : 'not-running');
  });

  it('asks for the unit, the audience, the layer and the allocation in that order', () => {
    const nothingFits = {
      audience: { country: 'DE' },
      layer: { key: 'homepage', from: 0, to: 1 },
      allocation: 0,
    };
    const everySlot = { key: 'homepage', from: 0, to: 10_000 };
    const context = { user: 'user-1', country: 'FR' };
    const reasons = [
      assign([compiledWith(nothingFits)], {}),
      assign([compiledWith(nothingFits)], context),
      assign([compiledWith({ ...nothingFits, audience: {} })], context),
      assign([compiledWith({ ...nothingFits, audience: {}, layer: everySlot })], context),
      assign([compiledWith({ audience: {}, layer: everySlot })], context),
    ].map(({ reason }) => reason);
    expect(reasons).toEqual(['no-unit', 'audience', 'layer', 'allocation', 'enrolled']);
  });

  it('reports the experiment that came closest when none of several enrols', () => {
    const paused = compiledWith({ key: 'paused' }, { state: 'paused' });
    const empty = compiledWith({ key: 'empty', allocation: 0 });
    const foreign = compiledWith({ key: 'foreign', audience: { country: 'DE' } });
    expect(assign([paused, empty, foreign], { user: 'user-1' })).toEqual({
      kind: 'not-enrolled',
      reason: 'allocation',
      experiment: 'empty',
    });
  });

  it('enrols every unit in exactly one of the experiments that share out a layer', () => {
    // Both cuts fall on the slot of a user, where one slot too many or too few shows.
    const [low = 0, high = 0] = USERS.slice(0, 2)
      .map((user) => drawSlot('layer', 'homepage', user))
      .toSorted((left, right) => left - right);
    const parts = [
      { from: 0, to: low },
      { from: low, to: high },
      { from: high, to: 10_000 },
    ].map((slots, index) => compiledWith({ key: `part-${index}`, layer: { key: 'homepage', ...slots } }));
    for (const user of USERS) {
      const enrolled = parts.filter((part) => assign([part], { user }).kind === 'enrolled');
      expect(enrolled).toHaveLength(1);
      expect(assign(parts, { user })).toMatchObject({ experiment: enrolled[0]?.experiment.key });
    }
  });

  it('draws by the salt, so that a copy under another key keeps its units', () => {
    const original = compiledWith();
    const copy = compiledWith({ key: 'ranker-v2-again', salt: 'ranker-v2' });
    expect(USERS.map(variantIn(copy))).toEqual(USERS.map(variantIn(original)));
    expect(USERS.map(variantIn(compiledWith({ key: 'other' })))).not.toEqual(USERS.map(variantIn(original)));
  });
});

describe('the id of a unit', () => {
  const unitIdIn = (context: EvaluationContext, unit = 'user') => {
    const assignment = assign([compiledWith({ unit })], context);
    return assignment.kind === 'enrolled' ? assignment.unitId : assignment.reason;
  };

  it.each([
    ['a string', 'user-1', 'user-1'],
    ['a whole number', 42, '42'],
    ['zero', 0, '0'],
    ['256 characters', 'x'.repeat(256), 'x'.repeat(256)],
  ])('may be %s', (_, id, expected) => {
    expect(unitIdIn({ user: id })).toBe(expected);
  });

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['257 characters', 'x'.repeat(257)],
    ['true', true],
    ['a list', ['user-1']],
    ['an object', { id: 'user-1' }],
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['a fraction', 1.5],
    ['a whole number that JSON has rounded', 2 ** 53],
  ])('is none when it is %s', (_, id) => {
    expect(unitIdIn({ user: id })).toBe('no-unit');
  });

  it("is the tenant's key for the unit tenant, and no attribute that a request could send", () => {
    expect(unitIdIn({ tenant: { key: 'acme' } }, 'tenant')).toBe('acme');
    expect(unitIdIn({ tenant: 'acme', 'tenant.key': 'acme' }, 'tenant')).toBe('no-unit');
  });

  it('is never inherited', () => {
    expect(unitIdIn({}, 'constructor')).toBe('no-unit');
    expect(unitIdIn({}, '__proto__')).toBe('no-unit');
  });
});

describe('variants', () => {
  it('share out the units exactly by their weights', () => {
    fc.assert(
      fc.property(weights, (shares) => {
        const variantOf = variantIn(compiledWith({ variants: variantsOf(shares) }));
        const starts = shares.map((_, index) => sum(shares.slice(0, index)));
        for (const [at, user] of USERS.slice(0, 200).entries()) {
          const slot = VARIANT_SLOTS[at] ?? 0;
          const owner = shares.findIndex(
            (share, index) => (starts[index] ?? 0) <= slot && slot < (starts[index] ?? 0) + share,
          );
          expect(variantOf(user)).toBe(`v${owner}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keep every unit that no moved boundary passes over when weights change', () => {
    fc.assert(
      fc.property(weights, weights, (before, after) => {
        fc.pre(before.length === after.length);
        const old = variantIn(compiledWith({ variants: variantsOf(before) }));
        const renewed = variantIn(compiledWith({ variants: variantsOf(after) }));
        const passes = before.map((_, index) => {
          const ends = [sum(before.slice(0, index + 1)), sum(after.slice(0, index + 1))];
          return { from: Math.min(...ends), to: Math.max(...ends) };
        });
        for (const [at, user] of USERS.entries()) {
          const slot = VARIANT_SLOTS[at] ?? 0;
          const passedOver = passes.some(({ from, to }) => from <= slot && slot < to);
          expect(old(user) !== renewed(user)).toBe(passedOver);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('move, when two are re-weighted, only units that one loses to the other', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (before, after) => {
        const old = variantIn(compiledWith({ variants: variantsOf([before, 10_000 - before]) }));
        const renewed = variantIn(compiledWith({ variants: variantsOf([after, 10_000 - after]) }));
        const gainer = after > before ? 'v0' : 'v1';
        const moved = USERS.filter((user) => old(user) !== renewed(user));
        expect(moved.every((user) => renewed(user) === gainer)).toBe(true);
        expect(moved.length).toBe(
          VARIANT_SLOTS.filter((slot) => Math.min(before, after) <= slot && slot < Math.max(before, after))
            .length,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('keep all their units when the last is dropped and its weight goes to the one before it', () => {
    fc.assert(
      fc.property(weights, (shares) => {
        fc.pre(shares.length > 2);
        const kept = shares.slice(0, -1);
        const heir = kept.length - 1;
        const inherited = kept.with(heir, (kept[heir] ?? 0) + (shares.at(-1) ?? 0));
        const old = variantIn(compiledWith({ variants: variantsOf(shares) }));
        const renewed = variantIn(compiledWith({ variants: variantsOf(inherited) }));
        for (const user of USERS) {
          expect(renewed(user)).toBe(old(user) === `v${shares.length - 1}` ? `v${heir}` : old(user));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('allocation', () => {
  it('only adds units when it is raised, and leaves the enrolled in their variants', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), weights, (one, other, shares) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const variants = variantsOf(shares);
        const before = variantIn(compiledWith({ allocation: low, variants }));
        const after = variantIn(compiledWith({ allocation: high, variants }));
        for (const user of USERS.slice(0, 300)) {
          const enrolledAs = before(user);
          if (enrolledAs !== undefined) expect(after(user)).toBe(enrolledAs);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('enrols exactly the units whose slot lies below it', () => {
    const allocation = drawSlot('ranker-v2', 'allocation', 'user-1');
    const enrolledAs = variantIn(compiledWith({ allocation }));
    expect(enrolledAs('user-1')).toBeUndefined();
    expect(USERS.filter((user) => enrolledAs(user) !== undefined)).toEqual(
      USERS.filter((user) => drawSlot('ranker-v2', 'allocation', user) < allocation),
    );
  });
});

describe('totality', () => {
  const audience = {
    $or: [
      { 'tenant.plan': { $in: ['pro'] } },
      { a: { $gt: 3 }, b: { $not: { $elemMatch: { c: 'x' } } } },
      { a: { $vgte: '1.2.3' } },
      { a: { $regex: '^x+$' } },
      { a: { deep: [1, 2] } },
      { b: 'text' },
      { c: { $all: ['x', 1] } },
    ],
  };
  const experiment = compiledWith({
    audience,
    layer: { key: 'homepage', from: 0, to: 5_000 },
    allocation: 5_000,
  });

  it('answers any JSON with one of the reasons, and the same each time', () => {
    const key = fc.constantFrom('user', 'tenant', 'plan', 'a', 'b', 'c', 'toString', 'valueOf', '__proto__');
    const value = fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue()));
    fc.assert(
      fc.property(fc.dictionary(key, value), (context) => {
        const assignment = assign([experiment], context);
        expect(['enrolled', 'no-unit', 'audience', 'layer', 'allocation']).toContain(assignment.reason);
        expect(assign([experiment], structuredClone(context))).toEqual(assignment);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      'a getter that throws',
      {
        user: 'u',
        get a(): never {
          throw new Error('no');
        },
      },
      'audience',
    ],
    [
      'a unit that throws',
      {
        get user(): never {
          throw new Error('no');
        },
      },
      'no-unit',
    ],
    ['a cycle', cyclic(), 'audience'],
    ['a revoked proxy', { user: 'u', a: revokedProxy() }, 'audience'],
    ['a symbol', { user: 'u', a: Symbol('a') }, 'audience'],
    ['an object without a text', { user: 'u', b: Object.create(null) }, 'audience'],
    ['a huge string', { user: 'x'.repeat(1e7), a: 'x'.repeat(1e7) }, 'no-unit'],
    ['a huge attribute', { user: 'u', b: 'x'.repeat(1e7) }, 'audience'],
  ] as const)('survives %s', (_, context, reason) => {
    expect(assign([experiment], context).reason).toBe(reason);
  });

  it('gives a context that is no object at all no unit', () => {
    expect(assign([experiment], JSON.parse('null')).reason).toBe('no-unit');
  });
});

describe('compileExperiment', () => {
  it('reports every issue of the audience, as pointers into the experiment', () => {
    const result = compileExperiment({
      experiment: experimentWith({ audience: { plan: { $inn: ['pro'] }, group: { $inGroup: 'vips' } } }),
      state: 'draft',
      revision: 1,
      segments: new Map(),
    });
    expect(result).toMatchObject({
      ok: false,
      issues: [
        { path: '/audience/plan/$inn', code: 'unknown-operator' },
        { path: '/audience/group/$inGroup', code: 'unknown-segment' },
      ],
    });
  });
});

/** The key of the variant that a user is enrolled in, if any. */
function variantIn(experiment: ReturnType<typeof compiledWith>): (user: string) => string | undefined {
  return (user) => {
    const assignment = assign([experiment], { user });
    return assignment.kind === 'enrolled' ? assignment.variant.key : undefined;
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function cyclic(): EvaluationContext {
  const list: unknown[] = [];
  list.push(list);
  return { user: 'u', a: { deep: list, list } };
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

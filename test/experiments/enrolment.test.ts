import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assign, assignEach, enrol } from '../../experiments/assignment.ts';
import type { Subject } from '../../experiments/check.ts';
import type { CompiledExperiment } from '../../experiments/compile-experiment.ts';
import { compileHoldout, holdoutAsExperiment, holdoutSchema } from '../../experiments/holdout.ts';
import { layerSchema, layerSlot } from '../../experiments/layer.ts';
import { dealRange, overlap, type SlotRange } from '../../experiments/slots.ts';
import { compiledWith, experimentWith, variantsOf } from '../support/experiments.ts';

const USERS = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);

const holdoutOf = (share: number, fields: Record<string, unknown> = {}) =>
  compileHoldout(holdoutSchema.parse({ key: 'q4', unit: 'user', share, ...fields }), 3);

const variantOf = (compiled: CompiledExperiment, user: string) => {
  const outcome = assign([compiled], { user });
  return outcome.kind === 'enrolled' ? outcome.variant.key : outcome.reason;
};

describe('a holdout', () => {
  it('keeps its units out of every experiment, and nobody else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), (share) => {
        const holdout = holdoutOf(share);
        const compiled = compiledWith({}, { holdouts: [holdout] });
        for (const user of USERS.slice(0, 400)) {
          const heldOut = holdout.membershipOf({ user })?.variant === 'held-out';
          expect(variantOf(compiled, user) === 'holdout').toBe(heldOut);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('holds out the share it names, drawn independently of variants', () => {
    const holdout = holdoutOf(2_000);
    const heldOut = USERS.filter((user) => holdout.membershipOf({ user })?.variant === 'held-out');
    expect(heldOut.length / USERS.length).toBeCloseTo(0.2, 1);
    const inFirst = heldOut.filter((user) => variantOf(compiledWith(), user) === 'v0');
    expect(inFirst.length / heldOut.length).toBeCloseTo(0.5, 1);
  });

  it('says with which probability a unit is where it is', () => {
    const holdout = holdoutOf(2_000);
    for (const user of USERS.slice(0, 50)) {
      const membership = holdout.membershipOf({ user });
      expect(membership?.propensityBp).toBe(membership?.variant === 'held-out' ? 2_000 : 8_000);
    }
  });

  it('cannot hold out a unit that the context does not name', () => {
    const compiled = compiledWith({ unit: 'session' }, { holdouts: [holdoutOf(5_000)] });
    expect(assign([compiled], { session: 's-1' }).kind).toBe('enrolled');
  });

  it('amounts to an experiment of held out against open', () => {
    const { holdout } = holdoutOf(1_000);
    expect(holdoutAsExperiment(holdout).variants).toMatchObject([
      { key: 'held-out', weight: 1_000 },
      { key: 'open', weight: 9_000 },
    ]);
  });
});

describe('an override', () => {
  const overrides = [{ variant: 'v1', units: ['qa-1'] }];

  it('gives a unit its variant past audience, holdout and allocation', () => {
    const compiled = compiledWith(
      { overrides, allocation: 0, audience: { country: 'DE' } },
      { holdouts: [holdoutOf(5_000)] },
    );
    expect(assign([compiled], { user: 'qa-1' })).toMatchObject({
      reason: 'override',
      variant: { key: 'v1' },
    });
    expect(variantOf(compiled, 'user-1')).not.toBe('v1');
  });

  it('follows a verified token before the list of units', () => {
    const knowledge = { overrides: new Map([['ranker-v2', 'v0']]) };
    const assignment = assign([compiledWith({ overrides })], { user: 'qa-1' }, knowledge);
    expect(assignment).toMatchObject({ reason: 'override', variant: { key: 'v0' } });
  });

  it('by token goes before every experiment that would take the unit', () => {
    const others = ['a', 'b', 'c'].map((key) => compiledWith({ key }));
    const knowledge = { overrides: new Map([['c', 'v1']]) };
    for (const user of USERS.slice(0, 20)) {
      expect(assign(others, { user }, knowledge)).toMatchObject({ experiment: 'c', variant: { key: 'v1' } });
    }
  });

  it('counts only while the experiment runs, and passes over a variant that is not there', () => {
    expect(assign([compiledWith({ overrides }, { state: 'paused' })], { user: 'qa-1' }).reason).toBe(
      'not-running',
    );
    const knowledge = { overrides: new Map([['ranker-v2', 'gone']]) };
    expect(assign([compiledWith()], { user: 'user-1' }, knowledge).reason).toBe('enrolled');
  });
});

describe('a prerequisite', () => {
  it('lets in exactly the units that are in the variants it names', () => {
    const first = compiledWith({ key: 'first' });
    const isInVariant = (_: string, variants: readonly string[], subject: Subject) => {
      const outcome = enrol(first, subject);
      return outcome.kind === 'enrolled' && variants.includes(outcome.variant.key);
    };
    const second = compiledWith(
      { key: 'second', prerequisites: [{ experiment: 'first', variants: ['v1'] }] },
      { isInVariant },
    );
    for (const user of USERS.slice(0, 300)) {
      expect(variantOf(second, user) === 'prerequisite').toBe(variantOf(first, user) !== 'v1');
    }
  });
});

describe('experiments that only carry parameters', () => {
  it('may take one unit all at once, each with its own draw', () => {
    const colour = compiledWith({ key: 'colour', variants: withoutTargets([5_000, 5_000]) });
    const size = compiledWith({ key: 'size', variants: withoutTargets([5_000, 5_000]) });
    const pairs = USERS.map((user) =>
      assignEach([colour, size], { user })
        .map(({ variant }) => variant.key)
        .join(),
    );
    for (const pair of ['v0,v0', 'v0,v1', 'v1,v0', 'v1,v1']) {
      expect(pairs.filter((found) => found === pair).length / USERS.length).toBeCloseTo(0.25, 1);
    }
  });
});

describe('a hash with one draw', () => {
  it('narrows the slots of every variant by the allocation, so that raising it only adds units', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const at = (allocation: number) => compiledWith({ hash: 'growthbook-v2', allocation });
        for (const user of USERS.slice(0, 200)) {
          const before = variantOf(at(low), user);
          if (before !== 'allocation') expect(variantOf(at(high), user)).toBe(before);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('enrols nobody in slots that no variant owns', () => {
    const [control, treatment] = variantsOf([5_000, 5_000]);
    const compiled = compiledWith({
      hash: 'growthbook-v2',
      variants: [
        { ...control, slots: [{ from: 0, to: 1_000 }] },
        { ...treatment, slots: [{ from: 5_000, to: 6_000 }] },
      ] as never,
    });
    const enrolled = USERS.filter((user) => variantOf(compiled, user) !== 'allocation');
    expect(enrolled.length / USERS.length).toBeCloseTo(0.2, 1);
  });
});

describe('a bucket version', () => {
  it('draws every unit again when it is raised, and the first draws as if there were none', () => {
    const first = USERS.map((user) => variantOf(compiledWith({ bucketVersion: 1 }), user));
    const second = USERS.map((user) => variantOf(compiledWith({ bucketVersion: 2 }), user));
    const same = first.filter((variant, index) => variant === second[index]);
    expect(first).toEqual(USERS.map((user) => variantOf(compiledWith(), user)));
    expect(same.length / USERS.length).toBeCloseTo(0.5, 1);
  });
});

describe('many slots', () => {
  it('are found by halving as they are by walking', () => {
    const slots = (odd: number) =>
      Array.from({ length: 50 }, (_, index) => ({
        from: (2 * index + odd) * 100,
        to: (2 * index + odd + 1) * 100,
      }));
    const [control, treatment] = variantsOf([5_000, 5_000]);
    const compiled = compiledWith({
      variants: [
        { ...control, slots: slots(0) },
        { ...treatment, slots: slots(1) },
      ] as never,
    });
    for (const user of USERS.slice(0, 500)) {
      const slot = compiled.scheme.variantSlot(compiled.salt, user);
      expect(variantOf(compiled, user)).toBe(`v${Math.floor(slot / 100) % 2}`);
    }
  });
});

describe('experiments that were dealt slots of one layer', () => {
  it('never take one unit twice, and none that is held out', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5_000 }), (wanted, share) => {
        const taken: SlotRange[] = [];
        for (const size of wanted) {
          const range = dealRange(taken, size);
          if (range !== undefined) taken.push(range);
        }
        expect(overlap(taken)).toBe(false);
        const holdout = holdoutOf(share);
        const dealt = taken.map((slots, index) =>
          compiledWith(
            { key: `part-${index}`, layer: { key: 'homepage', ...slots } },
            { holdouts: [holdout] },
          ),
        );
        for (const user of USERS.slice(0, 100)) {
          const takers = dealt.filter((one) => assign([one], { user }).kind === 'enrolled');
          const heldOut = holdout.membershipOf({ user })?.variant === 'held-out';
          expect(takers.length).toBeLessThanOrEqual(heldOut ? 0 : 1);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('a layer taken over from a GrowthBook namespace', () => {
  it('draws slots by that hash and its seed', () => {
    const layer = layerSchema.parse({ key: 'checkout', hash: 'growthbook-v2', salt: 'ns' });
    const compiled = compiledWith(
      { layer: { key: 'checkout', from: 0, to: 4_000 } },
      { layers: new Map([['checkout', layer]]) },
    );
    for (const user of USERS.slice(0, 200)) {
      expect(variantOf(compiled, user) === 'layer').toBe(layerSlot(layer, user) >= 4_000);
    }
  });
});

describe('an experiment', () => {
  it.each([
    [
      'a target for one variant only',
      {
        variants: [
          { key: 'a', weight: 5_000, target: 't' },
          { key: 'b', weight: 5_000 },
        ],
      },
      '/variants/1/target',
    ],
    ['an override to no variant', { overrides: [{ variant: 'gone', units: ['u'] }] }, '/overrides/0/variant'],
    [
      'weights finer than its hash',
      { hash: 'murmur3-unleash', variants: variantsOf([3_335, 6_665]) },
      '/variants/0/weight',
    ],
    ['an allocation finer than its hash', { hash: 'murmur3-unleash', allocation: 150 }, '/allocation'],
    [
      'slots for one variant only',
      {
        variants: [
          { key: 'a', weight: 5_000, slots: [{ from: 0, to: 5_000 }] },
          { key: 'b', weight: 5_000 },
        ],
      },
      '/variants',
    ],
    [
      'slots that two variants own',
      {
        variants: [0, 1].map((n) => ({
          key: `v${n}`,
          weight: 5_000,
          slots: [{ from: n * 4_999, to: n * 4_999 + 5_000 }],
        })),
      },
      '/variants',
    ],
    [
      'fewer slots than its weight',
      {
        variants: [0, 1].map((n) => ({
          key: `v${n}`,
          weight: 5_000,
          slots: [{ from: n * 5_000, to: n * 5_000 + 4_000 }],
        })),
      },
      '/variants/0/slots',
    ],
  ])('with %s is refused where that is written', (_, fields, path) => {
    expect(() => experimentWith(fields as never)).toThrow(
      expect.objectContaining({
        issues: expect.arrayContaining([
          expect.objectContaining({ path: path.split('/').slice(1).map(part) }),
        ]),
      }),
    );
  });
});

const part = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);

function withoutTargets(weights: readonly number[]) {
  return weights.map((weight, index) => ({ key: `v${index}`, weight, parameters: { index } }));
}

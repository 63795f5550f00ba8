import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ComparisonOptions, compareArms } from '../../../experiments/analysis/comparison.ts';
import type { Method } from '../../../experiments/analysis/method.ts';
import { proportionMoments } from '../../../experiments/analysis/moments.ts';

const METHODS: readonly Method[] = [
  { kind: 'always-valid', tunedAt: 5_000 },
  { kind: 'fixed-horizon' },
  { kind: 'group-sequential', fractions: [0.25, 0.5], spending: 'obrien-fleming' },
  { kind: 'group-sequential', fractions: [0.5], spending: 'pocock' },
  { kind: 'bayesian', prior: null },
  { kind: 'bayesian', prior: { mean: 0, standardDeviation: 0.1 } },
];
const nameOf = (method: Method) => [JSON.stringify(method), method] as const;
const arm = (key: string, mean: number, variance = 4, n = 2_000) => ({ key, moments: { n, mean, variance } });
const options = (method: Method): ComparisonOptions => ({ alpha: 0.05, method });

describe('whatever the method', () => {
  it.each(METHODS.map(nameOf))(
    'p is below alpha exactly where the interval leaves out 0: %s',
    (_name, method) => {
      fc.assert(
        fc.property(fc.double({ min: -0.4, max: 0.4, noNaN: true }), (effect) => {
          const { absolute, p, significant } = compareArms(
            arm('a', 2),
            arm('b', 2 + effect),
            options(method),
          );
          fc.pre(Math.abs(p - 0.05) > 1e-6);
          const [low, high] = absolute.interval ?? [Number.NaN, Number.NaN];
          expect(low > 0 || high < 0).toBe(p < 0.05);
          expect(significant).toBe(p < 0.05);
        }),
        { numRuns: 20 },
      );
    },
  );

  it.each(METHODS.map(nameOf))('a sample without variance bounds nothing: %s', (_name, method) => {
    const comparison = compareArms(arm('a', 1, 0), arm('b', 2, 0), options(method));

    expect(comparison).toMatchObject({ absolute: { interval: null }, p: 1, significant: false });
  });
});

describe('the methods', () => {
  const halfWidth = (method: Method) => {
    const [low, high] = compareArms(arm('a', 2), arm('b', 2.1), options(method)).absolute.interval ?? [0, 0];
    return (high - low) / 2;
  };

  it('ask the more for an interval the more they allow', () => {
    const [always, fixed, early, pocock, flat, sceptical] = METHODS.map(halfWidth);

    expect(always).toBeGreaterThan(fixed ?? 0);
    expect(early).toBeGreaterThan(pocock ?? 0);
    expect(pocock).toBeGreaterThan(fixed ?? 0);
    // Without a prior a credible interval is the interval of one look, but for t.
    expect(flat).toBeCloseTo(fixed ?? 0, 3);
    expect(sceptical).toBeLessThan(flat ?? 0);
  });

  it('shrink an estimate by a prior only', () => {
    const estimateOf = (method: Method) =>
      compareArms(arm('a', 2), arm('b', 2.4), options(method)).lift?.estimate ?? 0;

    expect(estimateOf({ kind: 'fixed-horizon' })).toBeCloseTo(0.2, 12);
    expect(estimateOf({ kind: 'bayesian', prior: { mean: 0, standardDeviation: 0.05 } })).toBeLessThan(0.17);
  });
});

describe('a comparison near the edge', () => {
  const METHOD = options({ kind: 'fixed-horizon' });

  it("takes Fieller's interval of the lift where the control is near 0, and none where it may be 0", () => {
    const near = compareArms(arm('a', 0.15), arm('b', 0.3), METHOD).lift;
    const [low, high] = near?.interval ?? [0, 0];

    // Not symmetric: three standard errors from 0, little is known upwards.
    expect(high - (near?.estimate ?? 0)).toBeGreaterThan(1.5 * ((near?.estimate ?? 0) - low));
    expect(compareArms(arm('a', 0.01), arm('b', 0.3), METHOD).lift).toMatchObject({ interval: null });
  });

  it('believes rare events only if the exact sequence does', () => {
    const rare = (key: string, successes: number) => {
      const share = { successes, n: 2_000 };
      return { key, moments: proportionMoments(share.successes, share.n), share };
    };
    const [few, more] = [
      compareArms(rare('a', 2), rare('b', 12), METHOD),
      compareArms(rare('a', 2), rare('b', 60), METHOD),
    ];

    expect(few.p).toBeLessThan(0.05);
    expect(few.exact?.p).toBeGreaterThan(0.05);
    expect(few.significant).toBe(false);
    expect(more.significant).toBe(true);
  });
});

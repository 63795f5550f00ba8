import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betaPosterior } from '../../../experiments/analysis/beta-posterior.ts';
import { normalInverseGammaPosterior } from '../../../experiments/analysis/normal-inverse-gamma-posterior.ts';
import { thompsonWeights } from '../../../experiments/analysis/thompson-weights.ts';

const share = fc
  .integer({ min: 0, max: 5_000 })
  .chain((n) => fc.record({ n: fc.constant(n), successes: fc.integer({ min: 0, max: n }) }));
const INCREASE = { direction: 'increase', floorBp: 100 } as const;

describe('Thompson weights', () => {
  it('sum to 10,000 and keep the floor, whatever was seen', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 2, maxLength: 5 }), (shares) => {
        const weights = thompsonWeights(
          shares.map((each) => betaPosterior(each)),
          INCREASE,
        );
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(10_000);
        for (const weight of weights) {
          expect(Number.isInteger(weight)).toBe(true);
          expect(weight).toBeGreaterThanOrEqual(100);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('give the best of three arms nearly everything once it is known', () => {
    const arms = [50, 60, 120].map((successes) => betaPosterior({ successes, n: 1_000 }));

    expect(thompsonWeights(arms, INCREASE)).toEqual([100, 100, 9_800]);
  });

  it('share out evenly what nothing is known about', () => {
    const arms = Array.from({ length: 3 }, () => betaPosterior({ successes: 0, n: 0 }));

    expect(thompsonWeights(arms, { direction: 'increase', floorBp: 0 }).toSorted()).toEqual([
      3_333, 3_333, 3_334,
    ]);
  });

  it('prefer the least where less is better', () => {
    const prior = { mean: 100, units: 1, variance: 400, degreesOfFreedom: 3 };
    const arms = [90, 80, 100].map((mean) =>
      normalInverseGammaPosterior({ n: 200, mean, variance: 300 }, prior),
    );
    const [middle = 0, least = 0, most = 0] = thompsonWeights(arms, { direction: 'decrease', floorBp: 0 });

    expect(least).toBeGreaterThan(9_900);
    expect(least).toBeGreaterThan(middle);
    expect(middle).toBeGreaterThanOrEqual(most);
  });

  it('refuse a floor that does not fit', () => {
    expect(() =>
      thompsonWeights([betaPosterior({ successes: 0, n: 0 })], { ...INCREASE, floorBp: 10_001 }),
    ).toThrow('does not fit');
    expect(() => thompsonWeights([], INCREASE)).toThrow(RangeError);
  });
});

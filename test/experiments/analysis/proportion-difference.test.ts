import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logBernoulliMixture, shareSequence } from '../../../experiments/analysis/bernoulli-mixture.ts';
import { compareProportions } from '../../../experiments/analysis/proportion-difference.ts';
import type { Share } from '../../../experiments/analysis/proportions.ts';

const share = fc
  .integer({ min: 0, max: 400 })
  .chain((n) => fc.record({ n: fc.constant(n), successes: fc.integer({ min: 0, max: n }) }));

describe('the exact confidence sequence of a share', () => {
  it('is everything before the first unit', () => {
    expect(shareSequence({ successes: 0, n: 0 }, 0.05)).toEqual([0, 1]);
  });

  it('ends where the martingale reaches 1 / alpha', () => {
    const [low, high] = shareSequence({ successes: 30, n: 100 }, 0.05);

    for (const p of [low, high])
      expect(logBernoulliMixture({ successes: 30, n: 100 }, p)).toBeCloseTo(Math.log(20), 9);
  });

  it('is a martingale: its mean over the next unit is what it was', () => {
    const next = (successes: number) => Math.exp(logBernoulliMixture({ successes, n: 21 }, 0.3));
    const now = Math.exp(logBernoulliMixture({ successes: 8, n: 20 }, 0.3));

    expect(0.3 * next(9) + 0.7 * next(8)).toBeCloseTo(now, 10);
  });
});

describe('two shares compared exactly', () => {
  it('leave out no difference exactly where p is below alpha, in difference and lift alike', () => {
    fc.assert(
      fc.property(share, share, (control, variant) => {
        const { absolute, lift, p } = compareProportions(control, variant, 0.05);
        fc.pre(Math.abs(p - 0.05) > 1e-6);
        const [low, high] = absolute.interval;
        expect(low > 0 || high < 0).toBe(p < 0.05);
        if (lift !== null) expect(lift.interval[0] > 0 || lift.interval[1] < 0).toBe(p < 0.05);
      }),
    );
  });

  it('have their limits on the edge of the region, by a search over all pairs', () => {
    const [control, variant] = [
      { successes: 30, n: 100 },
      { successes: 45, n: 120 },
    ];
    const grid = Array.from({ length: 999 }, (_, index) => (index + 1) / 1_000);
    const spentBy = (of: Share) => grid.map((p) => ({ p, spent: logBernoulliMixture(of, p) }));
    const [first, second] = [spentBy(control), spentBy(variant)];
    const inside = first.flatMap((a) =>
      second
        .filter((b) => a.spent + b.spent <= Math.log(20))
        .map((b) => ({ difference: b.p - a.p, ratio: b.p / a.p })),
    );
    const extremes = (of: 'difference' | 'ratio') => [
      inside.reduce((least, pair) => Math.min(least, pair[of]), Number.POSITIVE_INFINITY),
      inside.reduce((most, pair) => Math.max(most, pair[of]), Number.NEGATIVE_INFINITY),
    ];
    const { absolute, lift } = compareProportions(control, variant, 0.05);

    for (const [index, limit] of extremes('difference').entries())
      expect(Math.abs((absolute.interval[index] ?? 0) - limit)).toBeLessThan(0.003);
    for (const [index, limit] of extremes('ratio').entries())
      expect(Math.abs((lift?.interval[index] ?? 0) + 1 - limit)).toBeLessThan(0.03);
  });

  it('swap with their sides', () => {
    fc.assert(
      fc.property(share, share, (control, variant) => {
        const [there, back] = [
          compareProportions(control, variant, 0.05),
          compareProportions(variant, control, 0.05),
        ];
        expect(there.absolute.interval[0]).toBeCloseTo(-back.absolute.interval[1], 9);
        expect(there.p).toBeCloseTo(back.p, 9);
      }),
    );
  });

  it('say what little a few units, or none, can say', () => {
    const none: Share = { successes: 0, n: 0 };

    expect(compareProportions(none, none, 0.05)).toEqual({
      absolute: { estimate: 0, interval: [-1, 1] },
      lift: null,
      p: 1,
    });
    expect(compareProportions({ successes: 0, n: 50 }, { successes: 3, n: 50 }, 0.05).lift).toBeNull();
    const [least] = shareSequence({ successes: 3, n: 50 }, 0.05);
    const { lift } = compareProportions({ successes: 3, n: 50 }, none, 0.05);
    expect(lift?.interval[0]).toBe(-1);
    expect(lift?.interval[1]).toBeCloseTo(1 / least - 1, 9);
  });
});

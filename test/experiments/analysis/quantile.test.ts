import { describe, expect, it } from 'vitest';
import {
  densityLevels,
  fixedQuantileRanks,
  quantileDifference,
  quantileMoments,
  sequentialQuantileRanks,
} from '../../../experiments/analysis/quantile.ts';

describe('ranks around a quantile', () => {
  it("are the sign test's at one look (Conover, Practical Nonparametric Statistics, table A3)", () => {
    expect(fixedQuantileRanks({ n: 10, level: 0.5, alpha: 0.05 })).toEqual({ lower: 2, upper: 9 });
    expect(fixedQuantileRanks({ n: 100, level: 0.5, alpha: 0.05 })).toEqual({ lower: 40, upper: 61 });
  });

  it('are wider when one may look at any time', () => {
    const [fixed, sequential] = [fixedQuantileRanks, sequentialQuantileRanks].map((ranks) =>
      ranks({ n: 1_000, level: 0.95, alpha: 0.05 }),
    );

    expect(fixed).toEqual({ lower: 936, upper: 964 });
    expect(sequential?.lower).toBeLessThan(936);
    expect(sequential?.upper).toBeGreaterThan(964);
  });

  it('do not bound what too few values cannot', () => {
    expect(fixedQuantileRanks({ n: 10, level: 0.99, alpha: 0.05 }).upper).toBeNull();
    expect(sequentialQuantileRanks({ n: 1, level: 0.5, alpha: 0.05 })).toEqual({ lower: null, upper: null });
    expect(sequentialQuantileRanks({ n: 0, level: 0.5, alpha: 0.05 })).toEqual({ lower: null, upper: null });
  });
});

describe('the difference of two quantiles', () => {
  it('lies between the furthest ends of their intervals, where both have one', () => {
    expect(quantileDifference([10, 12], [15, 20])).toEqual([3, 10]);
    expect(quantileDifference([10, null], [15, 20])).toEqual([null, 10]);
  });
});

describe('a quantile as a mean', () => {
  it('has the variance of p(1 − p) over the squared density, of the exponential distribution', () => {
    const [n, level] = [10_000, 0.95];
    const quantile = (share: number) => -Math.log(1 - share);
    const levels = densityLevels(level, n);
    const { mean, variance } = quantileMoments({
      value: quantile(level),
      share: { n, mean: level, variance: level * (1 - level) },
      levels,
      values: [quantile(levels[0]), quantile(levels[1])],
    });

    expect(mean).toBeCloseTo(2.995732, 6);
    // Density at the quantile: 0.05.
    expect(Math.abs(variance / 19 - 1)).toBeLessThan(0.03);
  });

  it('bounds nothing where the values around it are all the same', () => {
    const share = { n: 100, mean: 0.5, variance: 0.25 };

    expect(quantileMoments({ value: 3, share, levels: [0.4, 0.6], values: [3, 3] }).variance).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { heterogeneity, heterogeneityByDimension } from '../../../experiments/analysis/heterogeneity.ts';

const OPTIONS = { alpha: 0.05, tunedAt: 5_000 };
const segment = (name: string, estimate: number, standardError = 1, n = 1_000) => ({
  segment: name,
  effect: { estimate, standardError },
  n,
});

describe('heterogeneity', () => {
  it("is Cochran's Q", () => {
    // Weights 1, 1, 4: mean (1 + 3 + 4 · 2) / 6 = 2.
    const { q, df, p, share } = heterogeneity(
      [segment('a', 1), segment('b', 3), segment('c', 2, 0.5)],
      OPTIONS,
    );

    expect(q).toBeCloseTo(2, 12);
    expect(df).toBe(2);
    expect(p).toBeCloseTo(Math.exp(-1), 12);
    expect(share).toBe(0);
  });

  it('is found at any look only with more than one look would need', () => {
    const { p, sequentialP, share } = heterogeneity([segment('a', 0), segment('b', 4)], OPTIONS);

    expect(p).toBeCloseTo(0.004677735, 8);
    expect(sequentialP).toBeGreaterThan(p);
    expect(sequentialP).toBeLessThan(0.2);
    expect(share).toBeCloseTo(7 / 8, 12);
  });

  it('leaves out segments that say nothing', () => {
    expect(heterogeneity([segment('a', 0), segment('b', 9, 1, 99), segment('c', 9, 0)], OPTIONS)).toEqual({
      q: 0,
      df: 0,
      share: 0,
      p: 1,
      sequentialP: 1,
    });
  });

  it('is corrected for the number of dimensions looked at', () => {
    const differing = { dimension: 'country', segments: [segment('a', 0), segment('b', 6)] };
    const alike = (dimension: string) => ({ dimension, segments: [segment('a', 1), segment('b', 1)] });
    const [alone] = heterogeneityByDimension([differing], OPTIONS);
    const [among] = heterogeneityByDimension([differing, alike('platform'), alike('language')], OPTIONS);

    expect(among?.adjustedP).toBeCloseTo(3 * (alone?.adjustedP ?? 0), 12);
  });
});

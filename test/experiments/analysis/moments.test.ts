import { describe, expect, it } from 'vitest';
import { proportionMoments, withVarianceFloor } from '../../../experiments/analysis/moments.ts';

describe('moments', () => {
  it('of a proportion have variance p(1 − p)', () => {
    expect(proportionMoments(3, 10)).toEqual({ n: 10, mean: 0.3, variance: 0.21 });
    expect(proportionMoments(0, 0)).toEqual({ n: 0, mean: 0, variance: 0 });
  });

  it('that vary stay as they are', () => {
    expect(withVarianceFloor(proportionMoments(3, 10))).toEqual(proportionMoments(3, 10));
  });

  it('of a sample without any variance get that of half a success and half a failure more', () => {
    const share = 0.5 / 1_001;

    expect(withVarianceFloor(proportionMoments(0, 1_000))).toEqual({
      n: 1_000,
      mean: 0,
      variance: share * (1 - share),
    });
    expect(withVarianceFloor(proportionMoments(1_000, 1_000)).variance).toBeCloseTo(share * (1 - share), 12);
  });
});

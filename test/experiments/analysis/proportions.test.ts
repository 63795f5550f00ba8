import { describe, expect, it } from 'vitest';
import { equalShares, wilsonInterval } from '../../../experiments/analysis/proportions.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

const sharesOf = (successes: readonly number[], ns: readonly number[]) =>
  successes.map((count, index) => ({ successes: count, n: ns[index] ?? 0 }));

describe('the test that shares are the same', () => {
  it('agrees with statsmodels on two', () => {
    const { input, expected, tol } = statisticsVector<
      { count: number[]; nobs: number[] },
      { z: number; p: number }
    >('sm_prop2');
    const { z, p } = equalShares(sharesOf(input.count, input.nobs));

    // statsmodels takes the first less the second.
    expect(relativeError(-(z ?? 0), expected.z)).toBeLessThan(tol);
    expect(relativeError(p, expected.p)).toBeLessThan(tol);
  });

  it("agrees with R's prop.test on four", () => {
    const { input, expected, tol } = statisticsVector<
      { x: number[]; n: number[] },
      { chi2: number; df: number; p: number }
    >('r_smokers');
    const { chi2, df, p, z } = equalShares(sharesOf(input.x, input.n));

    expect(relativeError(chi2, expected.chi2)).toBeLessThan(tol);
    expect(relativeError(p, expected.p)).toBeLessThan(tol);
    expect({ df, z }).toEqual({ df: expected.df, z: null });
  });

  it('has nothing to say where nothing differs or nothing was seen', () => {
    expect(equalShares([])).toMatchObject({ df: 0, p: 1 });
    expect(equalShares(sharesOf([0, 0], [10, 20]))).toEqual({ chi2: 0, df: 1, z: 0, p: 1 });
    expect(equalShares(sharesOf([3, 0], [10, 0]))).toMatchObject({ df: 0, p: 1 });
  });
});

describe("Wilson's interval", () => {
  it('has the published limits', () => {
    const { input, expected, tol } = statisticsVector<[number, number][], [number, number][]>('wilson');

    for (const [index, [successes, n]] of input.entries()) {
      const [low, high] = wilsonInterval({ successes, n }, 0.05);
      expect(Math.abs(low - (expected[index]?.[0] ?? Number.NaN))).toBeLessThan(tol);
      expect(Math.abs(high - (expected[index]?.[1] ?? Number.NaN))).toBeLessThan(tol);
    }
  });

  it('knows nothing of a share without units', () => {
    expect(wilsonInterval({ successes: 0, n: 0 }, 0.05)).toEqual([0, 1]);
  });
});

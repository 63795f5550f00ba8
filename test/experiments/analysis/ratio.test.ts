import { describe, expect, it } from 'vitest';
import { ratioMoments } from '../../../experiments/analysis/ratio.ts';
import { jointMomentsOf } from '../../support/joint-moments-of.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

describe('a ratio of sums over units', () => {
  it('has the variance of the delta method', () => {
    const { input, expected, tol } = statisticsVector<
      { num: number[]; den: number[] },
      { ratio: number; var: number; se: number }
    >('ratio_delta');
    const { n, mean, variance } = ratioMoments(
      jointMomentsOf(input.num.map((value, unit) => [value, input.den[unit] ?? 0] as const)),
    );

    expect(relativeError(mean, expected.ratio)).toBeLessThan(tol);
    expect(relativeError(variance / n, expected.var)).toBeLessThan(tol);
    expect(relativeError(Math.sqrt(variance / n), expected.se)).toBeLessThan(tol);
  });

  it('is a mean when each unit counts once', () => {
    const values = [3, 1, 4, 1, 5];
    const { mean, variance } = ratioMoments(jointMomentsOf(values.map((value) => [value, 1] as const)));

    expect(mean).toBeCloseTo(2.8, 12);
    expect(variance).toBeCloseTo(3.2, 12);
  });

  it('measures nothing where nothing was counted', () => {
    expect(
      ratioMoments(
        jointMomentsOf([
          [0, 0],
          [0, 0],
        ] as const),
      ),
    ).toEqual({ n: 0, mean: 0, variance: 0 });
    expect(
      ratioMoments({
        n: 0,
        means: [0, 0],
        covariances: [
          [0, 0],
          [0, 0],
        ],
      }),
    ).toMatchObject({ n: 0 });
  });
});

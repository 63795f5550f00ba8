import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cupedMeans, cupedRatios } from '../../../experiments/analysis/cuped.ts';
import { absoluteDifference, relativeLift } from '../../../experiments/analysis/lift.ts';
import { jointMomentsOf } from '../../support/joint-moments-of.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

interface Input {
  readonly pre: readonly number[];
  readonly post: readonly number[];
}

const armOf = ({ pre, post }: Input) =>
  jointMomentsOf(post.map((value, unit) => [value, pre[unit] ?? 0] as const));

describe('CUPED', () => {
  it('has the published theta', () => {
    const { input, expected, tol } = statisticsVector<Input, { theta: number }>('cuped_theta');
    const arm = armOf(input);

    expect(Math.abs(cupedMeans([arm, arm]).theta - expected.theta)).toBeLessThan(tol);
  });

  it('takes the squared correlation out of the variance', () => {
    const { input, expected, tol } = statisticsVector<
      Input,
      { theta: number; varPost: number; varAdj: number; oneMinusRho2: number }
    >('cuped_small');
    const arm = armOf(input);
    const { theta, arms, varianceReduction } = cupedMeans([arm]);

    expect(relativeError(theta, expected.theta)).toBeLessThan(tol);
    expect(relativeError(arm.covariances[0]?.[0] ?? 0, expected.varPost)).toBeLessThan(tol);
    expect(relativeError(arms[0]?.variance ?? 0, expected.varAdj)).toBeLessThan(tol);
    expect(relativeError(1 - varianceReduction, expected.oneMinusRho2)).toBeLessThan(tol);
  });

  const unit = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }));

  it('never widens a balanced comparison, and moves it by theta times the imbalance', () => {
    fc.assert(
      fc.property(fc.array(unit, { minLength: 10, maxLength: 40 }), (rows) => {
        const half = Math.floor(rows.length / 2);
        const [a, b] = [jointMomentsOf(rows.slice(0, half)), jointMomentsOf(rows.slice(half, 2 * half))];
        const { arms, theta } = cupedMeans([a, b]);
        const [control, treatment] = arms;
        if (control === undefined || treatment === undefined) throw new Error('two arms in, two out');
        const raw = (joint: typeof a) => ({
          n: joint.n,
          mean: joint.means[0],
          variance: joint.covariances[0]?.[0] ?? 0,
        });
        const before = absoluteDifference(raw(a), raw(b));
        const after = absoluteDifference(control, treatment);
        expect(after.standardError).toBeLessThanOrEqual(before.standardError + 1e-9);
        expect(after.estimate).toBeCloseTo(before.estimate - theta * (b.means[1] - a.means[1]), 8);
      }),
    );
  });

  it('leaves a metric without a varying covariate as it is', () => {
    const arm = jointMomentsOf([
      [1, 7],
      [2, 7],
      [4, 7],
    ] as const);

    expect(cupedMeans([arm, arm])).toMatchObject({ theta: 0, varianceReduction: 0, sharedVariance: 0 });
    expect(cupedMeans([]).arms).toEqual([]);
  });

  it('adjusts a ratio whose every denominator is 1 as a mean', () => {
    const [pre, post] = [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [2, 3, 5, 4, 6, 8, 7, 10],
    ];
    const asRatio = jointMomentsOf(post.map((value, row) => [value, 1, pre[row] ?? 0, 1] as const));
    const { theta, arms } = cupedRatios([asRatio, asRatio]);
    const expected = cupedMeans([armOf({ pre, post }), armOf({ pre, post })]);

    expect(theta).toBeCloseTo(expected.theta, 12);
    expect(arms[0]?.variance).toBeCloseTo(expected.arms[0]?.variance ?? 0, 12);
  });

  it('leaves a ratio without a history as it is', () => {
    const arm = jointMomentsOf([
      [1, 2, 0, 0],
      [2, 2, 0, 0],
      [4, 5, 0, 0],
    ] as const);

    expect(cupedRatios([arm, arm])).toMatchObject({ theta: 0, arms: [{ n: 3 }, { n: 3 }] });
  });

  it('carries the variance of the shared level into a lift, more the larger the lift', () => {
    const moments = { n: 100, mean: 2, variance: 1 };
    const widening = (mean: number) => {
      const treatment = { ...moments, mean };
      const [without, including] = [0, 0.5].map(
        (shared) => relativeLift(moments, treatment, shared)?.standardError ?? 0,
      );
      return (including ?? 0) - (without ?? 0);
    };

    expect(widening(2)).toBe(0);
    expect(widening(3)).toBeGreaterThan(0);
    expect(widening(4)).toBeGreaterThan(widening(3));
  });
});

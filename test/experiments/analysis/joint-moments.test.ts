import { describe, expect, it } from 'vitest';
import { formCovariance, jointMoments, marginal } from '../../../experiments/analysis/joint-moments.ts';

describe('joint moments', () => {
  const joint = jointMoments({
    n: 4,
    sums: [10, 20] as const,
    products: [
      [30, 56],
      [56, 120],
    ],
  });

  it('come from sums, squares and products', () => {
    expect(joint.means).toEqual([2.5, 5]);
    expect(joint.covariances).toEqual([
      [5 / 3, 2],
      [2, 20 / 3],
    ]);
  });

  it('give each measurement by itself', () => {
    expect(marginal(joint, 1)).toEqual({ n: 4, mean: 5, variance: 20 / 3 });
  });

  it('give the covariance of linear forms', () => {
    expect(formCovariance(joint, [2, -1], [2, -1])).toBeCloseTo((4 * 5) / 3 - 8 + 20 / 3, 12);
  });

  it('know no spread from one unit, and nothing from none', () => {
    expect(jointMoments({ n: 1, sums: [3], products: [[9]] })).toEqual({
      n: 1,
      means: [3],
      covariances: [[0]],
    });
    expect(jointMoments({ n: 0, sums: [0], products: [[0]] })).toEqual({
      n: 0,
      means: [0],
      covariances: [[0]],
    });
  });

  it('show a form of the wrong length instead of guessing', () => {
    expect(formCovariance(joint, [1], [1, 0])).not.toBeNaN();
    expect(formCovariance(joint, [1, 0], [1])).toBeNaN();
    expect(marginal(joint, 2).mean).toBeNaN();
  });
});

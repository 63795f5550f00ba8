import { describe, expect, it } from 'vitest';
import { absoluteDifference, relativeLift } from '../../../experiments/analysis/lift.ts';
import { proportionMoments } from '../../../experiments/analysis/moments.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

interface Sums {
  readonly sum: number;
  readonly sumsq: number;
  readonly n: number;
}

const momentsOf = ({ sum, sumsq, n }: Sums) => ({
  n,
  mean: sum / n,
  variance: (sumsq - sum ** 2 / n) / (n - 1),
});

describe('the lift', () => {
  const { input } = statisticsVector<{ a: Sums; b: Sums }, object>('welch_rel');
  const [control, treatment] = [momentsOf(input.a), momentsOf(input.b)];

  it('agrees with GrowthBook on the relative lift of a mean', () => {
    const { expected, tol } = statisticsVector<object, { lift: number; se: number }>('welch_rel');
    const lift = relativeLift(control, treatment);

    expect(lift?.estimate).toBeCloseTo(expected.lift, 5);
    expect(Math.abs((lift?.standardError ?? 0) - expected.se)).toBeLessThan(tol);
  });

  it('agrees with GrowthBook on the difference of means', () => {
    const { expected, tol } = statisticsVector<object, { diff: number; se: number }>('welch_abs');
    const difference = absoluteDifference(control, treatment);

    expect(Math.abs(difference.estimate - expected.diff)).toBeLessThan(tol);
    expect(Math.abs(difference.standardError - expected.se)).toBeLessThan(tol);
  });

  it('agrees with GrowthBook on the relative lift of a proportion', () => {
    const vector = statisticsVector<
      { a: [number, number]; b: [number, number] },
      { lift: number; se: number }
    >('prop_rel');
    const lift = relativeLift(proportionMoments(...vector.input.a), proportionMoments(...vector.input.b));

    expect(relativeError(lift?.estimate ?? 0, vector.expected.lift)).toBeLessThan(1e-4);
    expect(Math.abs((lift?.standardError ?? 0) - vector.expected.se)).toBeLessThan(vector.tol);
  });

  it('has the sign of the difference where the control is negative', () => {
    expect(relativeLift({ n: 10, mean: -2, variance: 1 }, { n: 10, mean: -1, variance: 1 })?.estimate).toBe(
      0.5,
    );
  });

  it('says nothing relative to 0', () => {
    expect(relativeLift(proportionMoments(0, 10), proportionMoments(1, 10))).toBeNull();
  });
});

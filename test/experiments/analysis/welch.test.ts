import { describe, expect, it } from 'vitest';
import { absoluteDifference, relativeLift } from '../../../experiments/analysis/lift.ts';
import { type Moments, proportionMoments } from '../../../experiments/analysis/moments.ts';
import { welch } from '../../../experiments/analysis/welch.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

interface Sums {
  readonly sum: number;
  readonly sumsq: number;
  readonly n: number;
}
interface Expected {
  readonly ci: [number, number];
  readonly p: number;
  readonly df?: number;
}

const momentsOf = ({ sum, sumsq, n }: Sums): Moments => ({
  n,
  mean: sum / n,
  variance: (sumsq - sum ** 2 / n) / (n - 1),
});
const momentsOfValues = (values: readonly number[]): Moments =>
  momentsOf({
    n: values.length,
    sum: values.reduce((a, b) => a + b, 0),
    sumsq: values.reduce((a, b) => a + b * b, 0),
  });

function expectLike(found: ReturnType<typeof welch>, expected: Expected, tol: number): void {
  if (found === null) throw new Error('no interval');
  expect(Math.abs(found.interval[0] - expected.ci[0])).toBeLessThan(tol);
  expect(Math.abs(found.interval[1] - expected.ci[1])).toBeLessThan(tol);
  expect(Math.abs(found.p - expected.p)).toBeLessThan(tol);
  if (expected.df !== undefined) expect(relativeError(found.df, expected.df)).toBeLessThan(tol);
}

describe("Welch's t", () => {
  const { input } = statisticsVector<{ a: Sums; b: Sums }, object>('welch_rel');
  const [a, b] = [momentsOf(input.a), momentsOf(input.b)];

  it('agrees with GrowthBook on the relative lift of a mean', () => {
    const { expected, tol } = statisticsVector<object, Expected>('welch_rel');
    const lift = relativeLift(a, b);

    expectLike(lift && welch(lift, [a, b], 0.05), expected, tol);
  });

  it('agrees with GrowthBook on the difference of means', () => {
    const { expected, tol } = statisticsVector<object, Expected>('welch_abs');

    expectLike(welch(absoluteDifference(a, b), [a, b], 0.05), expected, tol);
  });

  it('agrees with GrowthBook on the relative lift of a proportion', () => {
    const vector = statisticsVector<{ a: [number, number]; b: [number, number] }, Expected>('prop_rel');
    const samples = [proportionMoments(...vector.input.a), proportionMoments(...vector.input.b)] as const;
    const lift = relativeLift(...samples);

    expectLike(lift && welch(lift, samples, 0.05), vector.expected, vector.tol);
  });

  it("agrees with R on Student's sleep data", () => {
    const vector = statisticsVector<{ g1: number[]; g2: number[] }, Expected & { t: number }>('r_sleep');
    const [g1, g2] = [momentsOfValues(vector.input.g1), momentsOfValues(vector.input.g2)];
    const difference = absoluteDifference(g2, g1);

    expectLike(welch(difference, [g2, g1], 0.05), vector.expected, vector.tol);
    expect(relativeError(difference.estimate / difference.standardError, vector.expected.t)).toBeLessThan(
      vector.tol,
    );
  });

  it('says nothing without variance or from a single unit', () => {
    const constant = { n: 10, mean: 1, variance: 0 };

    expect(welch(absoluteDifference(constant, constant), [constant, constant], 0.05)).toBeNull();
    expect(
      welch({ estimate: 1, standardError: 1 }, [constant, { n: 1, mean: 1, variance: 0 }], 0.05),
    ).toBeNull();
  });
});

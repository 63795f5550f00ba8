import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { winsorisedMoments } from '../../../experiments/analysis/winsorised-moments.ts';

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe('winsorised moments', () => {
  it('are those of the values after capping', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 2 }), (values) => {
        const [lower, upper] = [-20, 50];
        const between = values.filter((value) => value >= lower && value <= upper);
        const capped = values.map((value) => Math.min(upper, Math.max(lower, value)));
        const mean = total(capped) / capped.length;
        const found = winsorisedMoments({
          lower,
          upper,
          below: values.filter((value) => value < lower).length,
          above: values.filter((value) => value > upper).length,
          between: between.length,
          sum: total(between),
          sumOfSquares: total(between.map((value) => value ** 2)),
        });
        expect(found.mean).toBeCloseTo(mean, 9);
        expect(found.variance).toBeCloseTo(
          total(capped.map((value) => (value - mean) ** 2)) / (capped.length - 1),
          7,
        );
      }),
    );
  });

  it('need no caps, and no units', () => {
    const none = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, below: 0, above: 0 };

    expect(winsorisedMoments({ ...none, between: 2, sum: 4, sumOfSquares: 10 })).toEqual({
      n: 2,
      mean: 2,
      variance: 2,
    });
    expect(winsorisedMoments({ ...none, between: 0, sum: 0, sumOfSquares: 0 })).toEqual({
      n: 0,
      mean: 0,
      variance: 0,
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochberg } from '../../../experiments/analysis/benjamini-hochberg.ts';
import { holm } from '../../../experiments/analysis/holm.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

describe('corrections for many tests', () => {
  it("agree with GrowthBook's Holm, in the order given", () => {
    const { input, expected, tol } = statisticsVector<
      number[],
      { inputOrder: number[]; bySortedInput: number[] }
    >('holm');
    const adjusted = holm(input);

    expect(adjusted).toHaveLength(input.length);
    for (const [index, p] of adjusted.entries())
      expect(relativeError(p, expected.inputOrder[index] ?? 0)).toBeLessThan(tol);
    for (const [index, p] of holm(input.toSorted((a, b) => a - b)).entries())
      expect(relativeError(p, expected.bySortedInput[index] ?? 0)).toBeLessThan(tol);
  });

  it("agree with GrowthBook's Benjamini–Hochberg", () => {
    const { input, expected, tol } = statisticsVector<number[], number[]>('bh');

    for (const [index, p] of benjaminiHochberg(input).entries())
      expect(relativeError(p, expected[index] ?? 0)).toBeLessThan(tol);
  });

  it('keep the order of the p-values, lie between them and Bonferroni, and Holm is never below Benjamini–Hochberg', () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(p, { maxLength: 12 }), (ps) => {
        const [strict, lenient] = [holm(ps), benjaminiHochberg(ps)];
        for (const [i, raw] of ps.entries()) {
          const [h = 0, b = 0] = [strict[i], lenient[i]];
          expect(b).toBeGreaterThanOrEqual(raw - 1e-12);
          expect(h).toBeGreaterThanOrEqual(b - 1e-12);
          expect(h).toBeLessThanOrEqual(Math.min(1, raw * ps.length) + 1e-12);
          for (const [j, other] of ps.entries())
            if (raw < other) expect(h).toBeLessThanOrEqual(strict[j] ?? 0);
        }
      }),
    );
  });
});

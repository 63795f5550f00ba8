import { describe, expect, it } from 'vitest';
import { crossingProbabilities } from '../../../experiments/analysis/boundary-crossing.ts';
import {
  groupSequentialEstimate,
  groupSequentialLooks,
  repeatedP,
} from '../../../experiments/analysis/group-sequential.ts';
import { obrienFlemingSpending, pocockSpending } from '../../../experiments/analysis/spending.ts';

const FIFTHS = [0.2, 0.4, 0.6, 0.8, 1];
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('group-sequential boundaries', () => {
  // Reboussin, DeMets, Kim and Lan, "Computations for group sequential boundaries using the Lan-DeMets spending
  // function method", Controlled Clinical Trials 2000; the same in R's ldbounds: two-sided 0.05, five looks.
  it.each([
    ["O'Brien and Fleming", obrienFlemingSpending(0.05), [4.8769, 3.3569, 2.6803, 2.2898, 2.031]],
    ['Pocock', pocockSpending(0.05), [2.438, 2.4268, 2.4101, 2.3966, 2.3859]],
  ])('agree with the published ones: %s', (_name, spending, published) => {
    // The published program integrates on a grid that is good to about 1e-4.
    for (const [index, { boundary }] of groupSequentialLooks(FIFTHS, spending).entries())
      expect(Math.abs(boundary - (published[index] ?? 0))).toBeLessThan(2e-4);
  });

  it('spend all of alpha by the last look, however the looks are spaced', () => {
    for (const fractions of [
      FIFTHS,
      [0.05, 0.9, 1],
      Array.from({ length: 30 }, (_, day) => (day + 1) / 30),
    ]) {
      const looks = groupSequentialLooks(fractions, obrienFlemingSpending(0.01));

      expect(sum(crossingProbabilities(looks))).toBeCloseTo(0.01, 9);
      expect(looks.at(-1)?.spent).toBeCloseTo(0.01, 12);
    }
  });

  it('refuse shares of information that do not ascend to at most 1', () => {
    for (const fractions of [
      [0.5, 0.5],
      [0.5, 0.4],
      [0, 1],
      [0.5, 1.1],
    ])
      expect(() => groupSequentialLooks(fractions, pocockSpending(0.05))).toThrow(
        'must ascend within (0, 1]',
      );
  });
});

describe('crossing probabilities', () => {
  const constant = (boundary: number) => FIFTHS.map((fraction) => ({ fraction, boundary }));

  it("agree with Pocock's constant for five looks (Biometrika 1977, table 1)", () => {
    expect(sum(crossingProbabilities(constant(2.413)))).toBeCloseTo(0.05, 4);
  });

  it("give O'Brien and Fleming's their level (Biometrics 1979: 2.040 at the last of five looks)", () => {
    const looks = FIFTHS.map((fraction) => ({ fraction, boundary: 2.04 / Math.sqrt(fraction) }));

    expect(sum(crossingProbabilities(looks))).toBeCloseTo(0.05, 4);
  });

  it('know the inflation of uncorrected peeking (Armitage, McPherson and Rowe 1969: 0.142 in five looks)', () => {
    expect(sum(crossingProbabilities(constant(1.96)))).toBeCloseTo(0.142, 3);
  });

  it('are the power of a single look', () => {
    expect(sum(crossingProbabilities([{ fraction: 1, boundary: 1.959964 }], 3.241516))).toBeCloseTo(0.9, 5);
  });
});

describe('a group-sequential estimate', () => {
  it('is the estimate and its boundary times its standard error either way', () => {
    const look = { fraction: 0.5, spent: 0.003, boundary: 2.96 };

    expect(groupSequentialEstimate({ estimate: -2.9, standardError: 1 }, look)?.interval[1]).toBeCloseTo(
      0.06,
      12,
    );
    expect(groupSequentialEstimate({ estimate: 3, standardError: 0 }, look)).toBeNull();
  });

  it('has a repeated p that is alpha on the boundary', () => {
    const fractions = [0.3, 0.7];
    const boundary = groupSequentialLooks(fractions, pocockSpending(0.02)).at(-1)?.boundary ?? 0;

    expect(repeatedP(boundary, fractions, pocockSpending)).toBeCloseTo(0.02, 7);
    expect(repeatedP(-boundary - 1, fractions, pocockSpending)).toBeLessThan(0.002);
    expect(repeatedP(0, fractions, obrienFlemingSpending)).toBe(1);
    expect(repeatedP(40, fractions, obrienFlemingSpending)).toBe(1e-9);
  });
});

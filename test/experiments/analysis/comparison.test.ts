import { describe, expect, it } from 'vitest';
import { type ComparisonOptions, compareArms } from '../../../experiments/analysis/comparison.ts';
import { proportionMoments } from '../../../experiments/analysis/moments.ts';

const OPTIONS: ComparisonOptions = { alpha: 0.05, method: { kind: 'always-valid', tunedAt: 5_000 } };
const arm = (key: string, successes: number, n: number) => ({
  key,
  moments: proportionMoments(successes, n),
});

describe('a comparison', () => {
  it('gives the difference and the lift over the control with their intervals', () => {
    const { absolute, lift, p, significant, variant, control } = compareArms(
      arm('control', 1_396, 3_000),
      arm('treatment', 2_422, 3_461),
      OPTIONS,
    );

    expect({ variant, control }).toEqual({ variant: 'treatment', control: 'control' });
    expect(absolute.estimate).toBeCloseTo(0.23446, 5);
    // GrowthBook's sequential example.
    expect(lift?.estimate).toBeCloseTo(0.50386, 5);
    expect(lift?.interval?.[0]).toBeCloseTo(0.40098, 5);
    expect(significant).toBe(true);
    expect(p).toBeLessThan(1e-10);
  });

  it('says nothing from fewer than 100 units in an arm, however different they look', () => {
    const comparison = compareArms(arm('control', 5, 99), arm('treatment', 900, 1_000), OPTIONS);

    expect(comparison).toMatchObject({
      p: 1,
      significant: false,
      absolute: { interval: null },
      lift: { interval: null },
    });
    expect(comparison.absolute.estimate).toBeCloseTo(0.9 - 5 / 99, 12);
  });

  it('has no lift over a control of 0', () => {
    expect(compareArms(arm('control', 0, 500), arm('treatment', 5, 500), OPTIONS).lift).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import {
  detectableEffect,
  expectedDays,
  type Plan,
  powerAt,
  unitsForOneLook,
  unitsNeeded,
  unitsPerArmForShares,
} from '../../../experiments/analysis/power.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

describe('the units that two shares need', () => {
  it("agree with R's power.prop.test", () => {
    const { input, expected, tol } = statisticsVector<
      { p1: number; p2: number; power: number; alpha: number },
      { n: number }
    >('r_power_prop');
    const { p1: control, p2: variant, power, alpha } = input;

    expect(relativeError(unitsPerArmForShares({ control, variant, power, alpha }), expected.n)).toBeLessThan(
      tol,
    );
  });

  it("agree with Evan Miller's calculator", () => {
    const { input, expected } = statisticsVector<{ p: number; d: number }[], number[]>('evan_n');
    const found = input.map(({ p, d }) =>
      Math.round(
        unitsPerArmForShares({
          control: p,
          variant: p + d,
          alpha: 0.05,
          power: 0.8,
          nullVariance: 'control',
        }),
      ),
    );

    expect(found).toEqual(expected);
  });
});

const PLAN: Plan = { alpha: 0.05, power: 0.8, variances: [1, 1], shares: [0.5, 0.5], tunedAt: 5_000 };

describe('a plan', () => {
  const needed = unitsNeeded(PLAN, 0.1);

  it('needs the textbook number of units at one look', () => {
    // 2 · (1.959964 + 0.841621)² / 0.1² for each of two arms.
    expect(needed.fixed).toBeCloseTo(2 * 2 * 784.888, 0);
  });

  it('has a price of peeking, most of which comes back because the experiment ends early', () => {
    expect(needed.alwaysValid / needed.fixed).toBeGreaterThan(1.2);
    expect(needed.alwaysValid / needed.fixed).toBeLessThan(2);
    expect(needed.expected).toBeLessThan(needed.alwaysValid * 0.8);
  });

  it('is the same read forwards and backwards', () => {
    for (const kind of ['fixed', 'alwaysValid'] as const) {
      expect(Math.abs(powerAt(PLAN, 0.1, needed[kind])[kind] - 0.8)).toBeLessThan(0.002);
      expect(Math.abs(detectableEffect(PLAN, needed[kind])[kind] / 0.1 - 1)).toBeLessThan(0.005);
    }
  });

  it('needs more units when they are shared out unevenly', () => {
    expect(unitsNeeded({ ...PLAN, shares: [0.9, 0.1] }, 0.1).fixed / needed.fixed).toBeCloseTo(
      0.25 / 0.09,
      9,
    );
  });

  it('is reckoned quickly by one look, a little on the safe side', () => {
    for (const effect of [0.3, 0.1]) {
      const safe = unitsForOneLook(PLAN, effect) / unitsNeeded(PLAN, effect).alwaysValid;
      expect(safe).toBeGreaterThan(1);
      expect(safe).toBeLessThan(1.125);
    }
  });

  it('takes as many days as the traffic says', () => {
    expect(expectedDays(3_000, 400)).toBe(7.5);
    expect(expectedDays(3_000, 0)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { fiellerInterval, isNearZero } from '../../../experiments/analysis/fieller.ts';
import { relativeLift } from '../../../experiments/analysis/lift.ts';
import type { Moments } from '../../../experiments/analysis/moments.ts';

const arm = (mean: number, variance = 1, n = 100): Moments => ({ n, mean, variance });

describe("Fieller's interval", () => {
  it('holds exactly the lifts that the data do not refute', () => {
    const [control, treatment] = [arm(0.5), arm(0.8)];
    const limits = fiellerInterval(control, treatment, 1.96) ?? [];

    expect(limits).toHaveLength(2);
    for (const lift of limits) {
      const ratio = 1 + lift;
      const z = (treatment.mean - ratio * control.mean) / Math.sqrt((1 + ratio ** 2) / 100);
      expect(Math.abs(z)).toBeCloseTo(1.96, 9);
    }
  });

  it("agrees with the delta method's far from 0", () => {
    const [control, treatment] = [arm(10, 1, 10_000), arm(10.1, 1, 10_000)];
    const { estimate, standardError } = relativeLift(control, treatment) ?? { estimate: 0, standardError: 0 };
    const [low, high] = fiellerInterval(control, treatment, 1.96) ?? [0, 0];

    expect(low).toBeCloseTo(estimate - 1.96 * standardError, 5);
    expect(high).toBeCloseTo(estimate + 1.96 * standardError, 5);
    expect(isNearZero(control)).toBe(false);
  });

  it('is unbounded where the control may be 0', () => {
    expect(fiellerInterval(arm(0.1), arm(0.8), 1.96)).toBeNull();
    expect(isNearZero(arm(0.1))).toBe(true);
  });

  it('keeps up as up where the control is negative', () => {
    const [low, high] = fiellerInterval(arm(-1, 1, 1_000), arm(-0.5, 1, 1_000), 1.96) ?? [0, 0];

    expect(low).toBeGreaterThan(0.3);
    expect(high).toBeLessThan(0.7);
    expect(low).toBeLessThan(high);
  });
});

import { describe, expect, it } from 'vitest';
import { type LoggedCell, offPolicyValue } from '../../../experiments/analysis/off-policy.ts';

const cell = (arm: string, target: number, fields: Partial<LoggedCell> = {}): LoggedCell => ({
  arm,
  stratum: 'all',
  propensity: 0.5,
  target,
  moments: { n: 1_000, mean: arm === 'a' ? 1 : 2, variance: 0.5 },
  ...fields,
});

describe('the value of a weighting that was not run', () => {
  it('is the mean of the arms by its weights', () => {
    const value = offPolicyValue([cell('a', 0.2), cell('b', 0.8)], 0.05);

    for (const estimator of ['ips', 'selfNormalised', 'doublyRobust'] as const)
      expect(value?.[estimator].estimate).toBeCloseTo(1.8, 12);
    expect(value?.warnings).toEqual([]);
  });

  it('is what was seen when the weighting is the one that was run', () => {
    const value = offPolicyValue([cell('a', 0.5), cell('b', 0.5)], 0.05);

    expect(value?.effectiveUnits).toBeCloseTo(2_000, 9);
    expect(value?.ips.estimate).toBeCloseTo(1.5, 12);
    // Half the variance is between the arms, which the model knows and the plain score does not.
    expect(value?.ips.standardError).toBeCloseTo(Math.sqrt(0.75 / 2_000), 4);
    expect(value?.doublyRobust.standardError).toBeCloseTo(Math.sqrt(0.5 / 2_000), 4);
  });

  it('depends on where 0 is only by the plain score', () => {
    const shifted = (by: number) =>
      offPolicyValue(
        [
          cell('a', 0.2, { moments: { n: 900, mean: 1 + by, variance: 0.5 } }),
          cell('b', 0.8, { moments: { n: 1_100, mean: 2 + by, variance: 0.5 } }),
        ],
        0.05,
      );
    const [near, far] = [shifted(0), shifted(100)];

    expect(far?.selfNormalised.estimate).toBeCloseTo((near?.selfNormalised.estimate ?? 0) + 100, 9);
    expect(far?.doublyRobust.estimate).toBeCloseTo((near?.doublyRobust.estimate ?? 0) + 100, 9);
    expect(Math.abs((far?.ips.estimate ?? 0) - (near?.ips.estimate ?? 0) - 100)).toBeGreaterThan(1);
  });

  it('cannot be told where it uses an arm that was never given, or nothing was', () => {
    expect(
      offPolicyValue([cell('a', 0.5), cell('b', 0.5, { moments: { n: 0, mean: 0, variance: 0 } })], 0.05),
    ).toBeNull();
    expect(offPolicyValue([], 0.05)).toBeNull();
  });

  it('warns when few units speak for many', () => {
    const rare = { propensity: 0.01, moments: { n: 20, mean: 2, variance: 0.5 } };
    const value = offPolicyValue(
      [cell('a', 0, { propensity: 0.99, moments: { n: 1_980, mean: 1, variance: 0.5 } }), cell('b', 1, rare)],
      0.05,
    );

    expect(value?.effectiveUnits).toBeCloseTo(20, 9);
    expect(value?.warnings[0]).toContain('2,000 units tell no more than 20 would');
  });
});

import { describe, expect, it } from 'vitest';
import { type ArmPrior, bayesianArms } from '../../../experiments/analysis/bayesian-arms.ts';
import type { Arm } from '../../../experiments/analysis/comparison.ts';
import { proportionMoments } from '../../../experiments/analysis/moments.ts';

const BETA: ArmPrior = { kind: 'beta', successes: 1, failures: 1 };
const WIDE: ArmPrior = {
  kind: 'normal-inverse-gamma',
  mean: 0,
  units: 1e-6,
  variance: 1,
  degreesOfFreedom: 1,
};
const shareArm = (key: string, successes: number, n: number): Arm => ({
  key,
  moments: proportionMoments(successes, n),
  share: { successes, n },
});
const believe = (arms: readonly Arm[], prior: ArmPrior, direction: 'increase' | 'decrease') =>
  bayesianArms(arms, { prior, direction, alpha: 0.05 });

describe('what to believe of several arms', () => {
  const arms = [shareArm('control', 100, 1_000), shareArm('a', 130, 1_000), shareArm('b', 90, 1_000)];

  it('is a probability of being best and better, a loss and an interval for each', () => {
    const [control, a, b] = believe(arms, BETA, 'increase');

    expect(control?.againstControl).toBeNull();
    expect(control?.interval[0]).toBeLessThan(0.1);
    expect(control?.interval[1]).toBeGreaterThan(0.1);
    expect(a?.probabilityBest).toBeGreaterThan(0.97);
    expect(a?.againstControl?.probabilityBetter).toBeGreaterThan(a?.probabilityBest ?? 1);
    expect(b?.againstControl?.probabilityBetter).toBeLessThan(0.3);
    expect(b?.expectedLoss).toBeGreaterThan(control?.expectedLoss ?? 1);
    expect(a?.expectedLoss).toBeLessThan(1e-3);
    const [low, high] = a?.againstControl?.difference.interval ?? [0, 0];
    // The normal approximation: 0.03 ± 1.96 · 0.0142.
    expect(low).toBeCloseTo(0.0021, 3);
    expect(high).toBeCloseTo(0.0577, 3);
  });

  it('prefers the least where less is better', () => {
    const [, a, b] = believe(arms, BETA, 'decrease');

    expect(b?.probabilityBest).toBeGreaterThan(0.7);
    expect(a?.probabilityBest).toBeLessThan(0.01);
    expect(b?.againstControl?.probabilityBetter).toBeGreaterThan(0.7);
  });

  it('takes means with an unknown variance', () => {
    const mean = (key: string, value: number): Arm => ({
      key,
      moments: { n: 400, mean: value, variance: 100 },
    });
    const [, variant] = believe([mean('control', 10), mean('variant', 12)], WIDE, 'increase');

    // t of 2 / √(2 · 100 / 400).
    expect(variant?.againstControl?.probabilityBetter).toBeCloseTo(0.9976, 3);
    expect(variant?.againstControl?.difference.estimate).toBeCloseTo(2, 4);
  });

  it('refuses a beta prior on what is no proportion', () => {
    expect(() => believe([{ key: 'm', moments: { n: 9, mean: 3, variance: 1 } }], BETA, 'increase')).toThrow(
      'needs shares',
    );
  });
});

import { formCovariance, type JointMoments, type Pair } from './joint-moments.ts';
import type { Moments } from './moments.ts';

/**
 * A ratio of two sums over units, [numerator, denominator] per unit: clicks per view, revenue per order. Its mean is
 * Σ numerator / Σ denominator; its variance per unit is that of the linearised ratio (delta method: Deng, Knoblich and
 * Lu, "Applying the delta method in metric analytics", KDD 2018, equation 4), so that variance / n is the squared
 * standard error. Assumes independent units and a denominator whose mean is several standard errors from 0.
 *
 * The same is the cluster-robust mean of a metric that is finer than the randomised unit (a mean over sessions where
 * users were randomised): numerator = the unit's total, denominator = its count of rows. It equals the sandwich
 * variance CR1 of a regression on a constant (Liang and Zeger 1986) with n / (n − 1).
 *
 * Where nothing was counted (denominator 0), nothing was measured: n, mean and variance are 0.
 */
export function ratioMoments(joint: JointMoments<Pair>): Moments {
  const [numerator, denominator] = joint.means;
  if (denominator === 0 || joint.n === 0) return { n: 0, mean: 0, variance: 0 };
  const mean = numerator / denominator;
  const gradient = ratioGradient(numerator, denominator);
  return { n: joint.n, mean, variance: formCovariance(joint, gradient, gradient) };
}

/** Derivatives of numerator / denominator. */
export function ratioGradient(numerator: number, denominator: number): Pair {
  return [1 / denominator, -numerator / denominator ** 2];
}

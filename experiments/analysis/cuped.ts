import { formCovariance, type JointMoments, marginal, type Pair, type Quad } from './joint-moments.ts';
import type { Moments } from './moments.ts';
import { ratioGradient } from './ratio.ts';

/** Arms after what was known before the experiment has been taken out of their variance. */
export interface AdjustedArms {
  /** In the order of the arms given. */
  readonly arms: readonly Moments[];
  /** The coefficient of the covariate, one for all arms. */
  readonly theta: number;
  /** Share of variance taken out, over all arms: the squared correlation where arms are alike. */
  readonly varianceReduction: number;
  /**
   * Variance of the level that all adjusted means share (theta times the mean covariate of all units). It cancels in
   * a difference of two arms, not in a relative lift: `relativeLift` takes it.
   */
  readonly sharedVariance: number;
}

/**
 * CUPED (Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by utilizing
 * pre-experiment data", WSDM 2013): the outcome less theta times how far the covariate lies from its mean over all
 * arms. Each arm is given as [outcome, covariate] per unit. The covariate must be from before the unit's first
 * exposure (nothing later can be told apart from an effect); 0 for a unit that has none. Theta is pooled within arms,
 * so that no effect leaks into it; the difference of two arms is unbiased up to 1/n, whatever the covariate is.
 */
export function cupedMeans(arms: readonly JointMoments<Pair>[]): AdjustedArms {
  return adjust(
    arms.map((joint) => ({
      outcome: marginal(joint, 0),
      covariate: marginal(joint, 1),
      covariance: formCovariance(joint, [1, 0], [0, 1]),
    })),
  );
}

/**
 * The same for ratios, [numerator, denominator, earlier numerator, earlier denominator] per unit: both ratios are
 * linearised by the delta method first (section 3 of Deng, Knoblich and Lu 2018). Without any earlier denominator
 * there is nothing to adjust by, and theta is 0.
 */
export function cupedRatios(arms: readonly JointMoments<Quad>[]): AdjustedArms {
  return adjust(arms.map(linearised));
}

interface AdjustableArm {
  readonly outcome: Moments;
  readonly covariate: Moments;
  readonly covariance: number;
}

function linearised(joint: JointMoments<Quad>): AdjustableArm {
  const [numerator, denominator, before, beforeDenominator] = joint.means;
  const outcome = denominator === 0 ? ([0, 0] as const) : ratioGradient(numerator, denominator);
  const covariate = beforeDenominator === 0 ? ([0, 0] as const) : ratioGradient(before, beforeDenominator);
  const [left, right] = [
    [...outcome, 0, 0],
    [0, 0, ...covariate],
  ];
  const { n } = joint;
  return {
    outcome: {
      n: denominator === 0 ? 0 : n,
      mean: denominator === 0 ? 0 : numerator / denominator,
      variance: formCovariance(joint, left, left),
    },
    covariate: {
      n,
      mean: beforeDenominator === 0 ? 0 : before / beforeDenominator,
      variance: formCovariance(joint, right, right),
    },
    covariance: formCovariance(joint, left, right),
  };
}

function adjust(arms: readonly AdjustableArm[]): AdjustedArms {
  const pooled = (of: (arm: AdjustableArm) => number) =>
    arms.reduce((sum, arm) => sum + Math.max(0, arm.outcome.n - 1) * of(arm), 0);
  const [outcome, covariate] = [
    pooled((arm) => arm.outcome.variance),
    pooled((arm) => arm.covariate.variance),
  ];
  const covariance = pooled((arm) => arm.covariance);
  const theta = covariate > 0 ? covariance / covariate : 0;
  const units = arms.reduce((sum, arm) => sum + arm.outcome.n, 0);
  const level = arms.reduce((sum, arm) => sum + arm.outcome.n * arm.covariate.mean, 0) / Math.max(1, units);
  return {
    arms: arms.map((arm) => adjusted(arm, theta, level)),
    theta,
    varianceReduction: outcome > 0 ? (theta * covariance) / outcome : 0,
    sharedVariance: units === 0 ? 0 : (theta ** 2 * covariate) / units ** 2,
  };
}

function adjusted({ outcome, covariate, covariance }: AdjustableArm, theta: number, level: number): Moments {
  const variance = outcome.variance + theta ** 2 * covariate.variance - 2 * theta * covariance;
  return {
    n: outcome.n,
    mean: outcome.n === 0 ? 0 : outcome.mean - theta * (covariate.mean - level),
    // Rounding may take a perfect covariate's remainder just below 0.
    variance: Math.max(0, variance),
  };
}

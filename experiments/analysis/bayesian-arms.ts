import { expectedLoss, probabilityBest } from './best-arm.ts';
import { type BetaPrior, betaPosterior } from './beta-posterior.ts';
import type { Arm, EstimatedEffect } from './comparison.ts';
import {
  type NormalInverseGammaPrior,
  normalInverseGammaPosterior,
} from './normal-inverse-gamma-posterior.ts';
import { credibleInterval, mirrored, type Posterior } from './posterior.ts';
import { posteriorDifference } from './posterior-difference.ts';

/** What was believed of every arm's number before the data. */
export type ArmPrior =
  /** Of a proportion: arms need their `share`. */
  | ({ readonly kind: 'beta' } & BetaPrior)
  /** Of anything else. */
  | ({ readonly kind: 'normal-inverse-gamma' } & NormalInverseGammaPrior);

export interface BayesianArm {
  readonly key: string;
  readonly mean: number;
  readonly interval: readonly [number, number];
  readonly probabilityBest: number;
  /** What choosing it loses on average against the best, in the metric's unit. */
  readonly expectedLoss: number;
  /** Against the first arm; null of the first. */
  readonly againstControl: {
    readonly probabilityBetter: number;
    readonly difference: EstimatedEffect;
  } | null;
}

export interface BayesianOptions {
  readonly prior: ArmPrior;
  /** Which way is better. */
  readonly direction: 'increase' | 'decrease';
  /** Credible intervals hold with probability 1 − alpha. */
  readonly alpha: number;
}

/**
 * What to believe of all arms together, the control first, given a prior declared before the data: exact up to
 * quadrature. It makes no promise about false alarms, least of all under peeking. RangeError for a beta prior on an arm
 * that is no proportion.
 */
export function bayesianArms(
  arms: readonly Arm[],
  { prior, direction, alpha }: BayesianOptions,
): BayesianArm[] {
  const posteriors = arms.map((arm) => armPosterior(arm, prior));
  const upwards = direction === 'increase' ? posteriors : posteriors.map(mirrored);
  const [best, losses] = [probabilityBest(upwards), expectedLoss(upwards)];
  const [control] = posteriors;
  return arms.flatMap(({ key }, index) => {
    const posterior = posteriors[index];
    if (posterior === undefined || control === undefined) return [];
    return {
      key,
      mean: posterior.mean,
      interval: credibleInterval(posterior, alpha),
      probabilityBest: best[index] ?? 0,
      expectedLoss: losses[index] ?? 0,
      againstControl:
        index === 0 ? null : againstControl(posteriorDifference(control, posterior), direction, alpha),
    };
  });
}

/** What is believed of one arm. */
function armPosterior({ key, moments, share }: Arm, prior: ArmPrior): Posterior {
  if (prior.kind === 'normal-inverse-gamma') return normalInverseGammaPosterior(moments, prior);
  if (share === undefined) throw new RangeError(`a beta prior needs shares, and "${key}" has none`);
  return betaPosterior(share, prior);
}

function againstControl(
  difference: Posterior,
  direction: BayesianOptions['direction'],
  alpha: number,
): BayesianArm['againstControl'] {
  const below = difference.cdf(0);
  return {
    probabilityBetter: direction === 'increase' ? 1 - below : below,
    difference: { estimate: difference.mean, interval: credibleInterval(difference, alpha) },
  };
}

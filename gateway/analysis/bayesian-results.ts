import { type ArmPrior, type BayesianArm, bayesianArms } from '../../experiments/analysis/bayesian-arms.ts';
import type { Arm } from '../../experiments/analysis/comparison.ts';
import type { Share } from '../../experiments/analysis/proportions.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { isBinary } from '../../experiments/metric.ts';
import { ALPHA, type MeasuredMetric } from './measure-metrics.ts';

/** What to believe of the primary metric in every variant that has weight, given the prior that was declared. */
export interface BayesianResults {
  readonly metric: string;
  readonly prior: ArmPrior;
  readonly alpha: number;
  readonly variants: readonly BayesianArm[];
}

/** Null where no prior is declared, or none that fits the metric as it is defined now. */
export function bayesianResults(
  { prior, variants }: Experiment,
  measured: readonly MeasuredMetric[],
): BayesianResults | null {
  const primary = measured.find(({ planned }) => planned.role === 'primary');
  if (prior === undefined || primary === undefined) return null;
  const { metric } = primary.planned;
  if (prior.kind === 'beta' && !isBinary(metric)) return null;
  const weighty = new Set(variants.filter(({ weight }) => weight > 0).map(({ key }) => key));
  const arms = primary.measured.arms.filter(({ key }) => weighty.has(key)).map(withShare);
  const options = { prior, direction: metric.direction, alpha: ALPHA };
  return { metric: metric.key, prior, alpha: ALPHA, variants: bayesianArms(arms, options) };
}

/** Over several periods there are no counts: then as many units as would tell as much by themselves. */
function withShare(arm: Arm): Arm {
  if (arm.share !== undefined) return arm;
  const { n, mean, variance } = arm.moments;
  const share = Math.min(1, Math.max(0, mean));
  const telling = variance > 0 && share * (1 - share) > 0 ? (n * share * (1 - share)) / variance : n;
  const counted: Share = { successes: share * telling, n: telling };
  return { ...arm, share: counted };
}

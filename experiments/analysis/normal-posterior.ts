import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import type { Effect } from './lift.ts';
import type { Posterior } from './posterior.ts';

/** What was believed before the data, of a mean or an effect; null where nothing was: a flat prior. */
export type NormalPrior = { readonly mean: number; readonly standardDeviation: number } | null;

/**
 * Posterior of a mean or an effect whose estimate is normal with a known standard error (any estimate of many units):
 * normal-normal, conjugate; the means weighed by their precisions. RangeError without a standard error.
 */
export function normalPosterior({ estimate, standardError }: Effect, prior: NormalPrior): Posterior {
  if (!(standardError > 0)) throw new RangeError('a posterior needs a standard error above 0');
  const [precision, priorPrecision] = [
    standardError ** -2,
    prior === null ? 0 : prior.standardDeviation ** -2,
  ];
  const standardDeviation = (precision + priorPrecision) ** -0.5;
  const mean = standardDeviation ** 2 * (precision * estimate + priorPrecision * (prior?.mean ?? 0));
  return {
    mean,
    standardDeviation,
    support: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    pdf: (x) => normalDensity((x - mean) / standardDeviation) / standardDeviation,
    cdf: (x) => normalCdf(x, mean, standardDeviation),
  };
}

/** Density of the standard normal. */
export function normalDensity(z: number): number {
  return Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * What is lost on average by a wrong choice, in units of the effect, when the effect's posterior is normal:
 * [by staying with the control, by choosing the variant] (expected loss of Stucchio, "Bayesian A/B testing at VWO",
 * 2015, in closed form).
 */
export function normalLoss({
  mean,
  standardDeviation,
}: Pick<Posterior, 'mean' | 'standardDeviation'>): [number, number] {
  const z = mean / standardDeviation;
  const spread = standardDeviation * normalDensity(z);
  return [mean * normalCdf(z, 0, 1) + spread, spread - mean * normalCdf(-z, 0, 1)];
}

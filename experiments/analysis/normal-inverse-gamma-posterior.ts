import gammaln from '@stdlib/math-base-special-gammaln';
import tCdf from '@stdlib/stats-base-dists-t-cdf';
import type { Moments } from './moments.ts';
import type { Posterior } from './posterior.ts';

/** Belief about a mean and its variance together: as if `units` and `degreesOfFreedom` had been seen before. */
export interface NormalInverseGammaPrior {
  readonly mean: number;
  /** Units that the prior mean is worth. */
  readonly units: number;
  readonly variance: number;
  /** Units, less one, that the prior variance is worth. */
  readonly degreesOfFreedom: number;
}

/**
 * Posterior of a mean whose variance is unknown too: normal-inverse-gamma, conjugate; its marginal is Student's t
 * (Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007, section 6). RangeError when prior and
 * data leave two degrees of freedom or fewer: such a mean has no standard deviation.
 */
export function normalInverseGammaPosterior(
  { n, mean: sampleMean, variance }: Moments,
  prior: NormalInverseGammaPrior,
): Posterior {
  const units = prior.units + n;
  const df = prior.degreesOfFreedom + n;
  if (!(df > 2)) throw new RangeError(`prior and data have ${df} degrees of freedom; more than 2 are needed`);
  const mean = (prior.units * prior.mean + n * sampleMean) / units;
  const squares =
    prior.degreesOfFreedom * prior.variance +
    Math.max(0, n - 1) * variance +
    ((prior.units * n) / units) * (sampleMean - prior.mean) ** 2;
  const scale = Math.sqrt(squares / df / units);
  const logConstant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * Math.log(df * Math.PI);
  return {
    mean,
    standardDeviation: scale * Math.sqrt(df / (df - 2)),
    support: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    pdf: (x) => Math.exp(logConstant - ((df + 1) / 2) * Math.log1p(((x - mean) / scale) ** 2 / df)) / scale,
    cdf: (x) => tCdf((x - mean) / scale, df),
  };
}

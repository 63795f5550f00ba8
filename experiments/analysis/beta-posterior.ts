import gammaln from '@stdlib/math-base-special-gammaln';
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import type { Posterior } from './posterior.ts';
import type { Share } from './proportions.ts';

/** A Beta distribution, as if that many successes and failures had been seen before; both at least 1. */
export interface BetaPrior {
  readonly successes: number;
  readonly failures: number;
}

/** Any share is as likely as any other. */
const UNIFORM: BetaPrior = { successes: 1, failures: 1 };

/** Posterior of a share of independent units: beta-binomial, conjugate. RangeError for a prior below 1. */
export function betaPosterior({ successes, n }: Share, prior: BetaPrior = UNIFORM): Posterior {
  if (!(prior.successes >= 1 && prior.failures >= 1))
    throw new RangeError(
      `a beta prior needs at least 1 success and 1 failure, not ${prior.successes} and ${prior.failures}`,
    );
  const [a, b] = [prior.successes + successes, prior.failures + n - successes];
  const logBeta = gammaln(a) + gammaln(b) - gammaln(a + b);
  return {
    mean: a / (a + b),
    standardDeviation: Math.sqrt((a * b) / (a + b + 1)) / (a + b),
    support: [0, 1],
    pdf: (x) => (x < 0 || x > 1 ? 0 : Math.exp((a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - logBeta)),
    cdf: (x) => betaCdf(x, a, b),
  };
}

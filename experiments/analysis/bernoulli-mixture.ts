import gammaln from '@stdlib/math-base-special-gammaln';
import { findRoot } from './find-root.ts';
import type { Share } from './proportions.ts';

/** Krichevsky and Trofimov's prior: the least regret in the worst case, of any share. */
const PRIOR = 0.5;
const LOG_BETA_PRIOR = 2 * gammaln(PRIOR) - gammaln(2 * PRIOR);

/**
 * Logarithm of the beta-binomial mixture martingale: how much better a mixture over all shares foretold the sample
 * than the share `p` did (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, section 3.2). Of the true share it
 * is a martingale that starts at 1, so that it ever reaches 1 / alpha with probability at most alpha, at any sample
 * size: exact, no normal approximation. Convex in `p`, and in a number of successes that is not whole.
 */
export function logBernoulliMixture({ successes, n }: Share, p: number): number {
  const failures = n - successes;
  const mixture =
    gammaln(PRIOR + successes) + gammaln(PRIOR + failures) - gammaln(2 * PRIOR + n) - LOG_BETA_PRIOR;
  return mixture - logTimes(successes, p) - logTimes(failures, 1 - p);
}

/** Nothing seen costs nothing, however impossible it was. */
function logTimes(times: number, p: number): number {
  return times === 0 ? 0 : times * Math.log(p);
}

/** Exact confidence sequence of one share: valid at every look together, from the first unit on. */
export function shareSequence(share: Share, alpha: number): [number, number] {
  return sharesWithin(share, Math.log(1 / alpha));
}

/** The least and the largest share of which the martingale's logarithm is no more than `budget`. */
export function sharesWithin(share: Share, budget: number): [number, number] {
  const excess = (p: number) => logBernoulliMixture(share, p) - budget;
  const best = share.n === 0 ? 0.5 : share.successes / share.n;
  if (excess(best) >= 0) return [best, best];
  return [excess(0) <= 0 ? 0 : findRoot(excess, 0, best), excess(1) <= 0 ? 1 : findRoot(excess, best, 1)];
}

/** The fewest and the most successes among `n`, not rounded, that keep the martingale of `p` within `budget`. */
export function countsWithin(n: number, p: number, budget: number): [number, number] {
  const excess = (successes: number) => logBernoulliMixture({ successes, n }, p) - budget;
  const best = n * p;
  return [excess(0) <= 0 ? 0 : findRoot(excess, 0, best), excess(n) <= 0 ? n : findRoot(excess, best, n)];
}

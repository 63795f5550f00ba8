import { logBernoulliMixture } from './bernoulli-mixture.ts';
import { findRoot } from './find-root.ts';
import type { Tolerance } from './guardrail.ts';
import { type GuardrailReading, readingOf } from './guardrail-reading.ts';
import type { Share } from './proportions.ts';

/**
 * Whether a share of bad things (errors, requests over the latency objective) is larger in the variant than the
 * control's by more than the tolerance, to be asked after every request: a one-sided, exact, always-valid test. The
 * evidence is the product of two beta-binomial mixture martingales at the tolerated pair of shares that they like
 * best. One epoch per period of constant weights: an outage while the weights change says nothing of a variant. Of a
 * variant within tolerance it is ever wrong with probability at most alpha; for k guardrails by m variants give it
 * alpha / (k·m). Assumes requests that are independent given the share at the time.
 */
export function shareGuardrail(
  epochs: readonly { readonly control: Share; readonly variant: Share }[],
  tolerance: Tolerance,
  alpha: number,
): GuardrailReading {
  return readingOf(
    logOverEpochs(epochs.map(({ control, variant }) => logShareEvidence(control, variant, tolerance))),
    alpha,
  );
}

/**
 * Evidence of epochs in a row. Each that was calm leaves less than it found, and would delay the alarm of a later one:
 * so a mixture of the products that begin at the first epoch, at the second and so on, at weights 1 / k(k + 1), those
 * that have not begun counting 1. A mixture of martingales is one.
 */
function logOverEpochs(logs: readonly number[]): number {
  const terms = logs.map((_, index) => {
    const begun = logs.slice(index).reduce((sum, log) => sum + log, 0);
    return begun - Math.log((index + 1) * (index + 2));
  });
  const all = [...terms, -Math.log(logs.length + 1)];
  const largest = Math.max(...all);
  return largest + Math.log(all.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/** The null is a variant at or below EITHER limit: the evidence is what the more lenient of the two leaves. */
function logShareEvidence(control: Share, variant: Share, { absolute, relative }: Tolerance): number {
  const limits = [(p: number) => p + absolute, (p: number) => p * (1 + relative)];
  return Math.min(...limits.map((limit) => logEvidenceAgainst(control, variant, limit)));
}

function logEvidenceAgainst(control: Share, variant: Share, limit: (p: number) => number): number {
  const evidence = (p: number) =>
    logBernoulliMixture(control, p) + logBernoulliMixture(variant, Math.min(1, limit(p)));
  const [own, others] = [control, variant].map(({ successes, n }) => (n === 0 ? 0 : successes / n));
  if (variant.n === 0 || (others ?? 0) <= limit(own ?? 0))
    return logBernoulliMixture(control, own ?? 0) + logBernoulliMixture(variant, others ?? 0);
  return minimum(evidence, own ?? 0, others ?? 0);
}

/** Least value of a convex function between two points: by its slope, in differences. */
function minimum(f: (x: number) => number, low: number, high: number): number {
  const step = (high - low) * 1e-6;
  const slope = (x: number) => f(x + step) - f(x);
  if (slope(low) >= 0) return f(low);
  if (slope(high - step) <= 0) return f(high);
  return f(findRoot(slope, low, high - step));
}

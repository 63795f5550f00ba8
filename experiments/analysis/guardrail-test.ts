import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import { logBernoulliMixture } from './bernoulli-mixture.ts';
import { LEAST_UNITS } from './comparison.ts';
import { findRoot } from './find-root.ts';
import type { Tolerance } from './guardrail.ts';
import { absoluteDifference, type Effect } from './lift.ts';
import type { Moments } from './moments.ts';
import { logMixture, tightestRho } from './normal-mixture.ts';
import type { Share } from './proportions.ts';

export interface GuardrailReading {
  /** Natural logarithm of the evidence that the variant is worse than what is tolerated. */
  readonly logEvidence: number;
  /** Always-valid, one-sided: of a variant within tolerance ever at or below x with probability at most x. */
  readonly p: number;
  readonly breached: boolean;
}

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
    epochs.reduce((sum, { control, variant }) => sum + logShareEvidence(control, variant, tolerance), 0),
    alpha,
  );
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

/** Means of control and variant, and how the test is tuned. */
export interface MeanGuardrail {
  readonly control: Moments;
  readonly variant: Moments;
  /** Which way is better. */
  readonly direction: 'increase' | 'decrease';
  /** Units, over both arms, at which it is the most sensitive. */
  readonly tunedAt: number;
}

/**
 * The same for a mean (latency, cost) by the asymptotic sequence of `confidenceSequence`, one-sided: a half-normal
 * mixture. No evidence below 100 units in either arm.
 */
export function meanGuardrail(
  { control, variant, direction, tunedAt }: MeanGuardrail,
  { absolute, relative }: Tolerance,
  alpha: number,
): GuardrailReading {
  if (Math.min(control.n, variant.n) < LEAST_UNITS) return readingOf(0, alpha);
  const sign = direction === 'increase' ? -1 : 1;
  const allowed = {
    ...control,
    mean: control.mean * (1 + sign * relative),
    variance: control.variance * (1 + sign * relative) ** 2,
  };
  const shifted = { ...control, mean: control.mean + sign * absolute };
  const n = control.n + variant.n;
  const evidences = [allowed, shifted].map((limit) => {
    const { estimate, standardError } = absoluteDifference(limit, variant);
    return logOneSided({ estimate: sign * estimate, standardError }, n, tightestRho(tunedAt, alpha));
  });
  return readingOf(Math.min(...evidences), alpha);
}

function logOneSided({ estimate, standardError }: Effect, n: number, rho: number): number {
  if (!(standardError > 0)) return 0;
  const sum = (Math.sqrt(n) * estimate) / standardError;
  // The floor keeps a hopeless case from becoming −∞; it is far from any decision.
  const positive = Math.max(Number.MIN_VALUE, normalCdf(sum / Math.sqrt(n + rho), 0, 1));
  return Math.LN2 + logMixture(sum, n, rho) + Math.log(positive);
}

function readingOf(logEvidence: number, alpha: number): GuardrailReading {
  return {
    logEvidence,
    p: Math.min(1, Math.exp(-logEvidence)),
    breached: logEvidence >= Math.log(1 / alpha),
  };
}

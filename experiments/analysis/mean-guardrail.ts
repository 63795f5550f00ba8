import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import { LEAST_UNITS } from './comparison.ts';
import type { Tolerance } from './guardrail.ts';
import { type GuardrailReading, readingOf } from './guardrail-reading.ts';
import { absoluteDifference, type Effect } from './lift.ts';
import type { Moments } from './moments.ts';
import { logMixture, tightestRho } from './normal-mixture.ts';
import { steadied } from './steadied.ts';

/** Means of control and variant, and how the test is tuned. */
interface MeanGuardrail {
  readonly control: Moments;
  readonly variant: Moments;
  /** Which way is better. */
  readonly direction: 'increase' | 'decrease';
  /** Units, over both arms, at which it is the most sensitive. */
  readonly tunedAt: number;
}

/**
 * Whether a mean (latency, cost, a share of errors) is worse in the variant than the control's by more than the
 * tolerance, to be asked after every unit: by the asymptotic sequence of `confidenceSequence`, one-sided: a half-normal
 * mixture. Of a variant within tolerance it is ever wrong with probability at most alpha; for k guardrails by m variants
 * give it alpha / (k·m). No evidence below 100 units in either arm.
 */
export function meanGuardrail(
  { direction, tunedAt, ...samples }: MeanGuardrail,
  { absolute, relative }: Tolerance,
  alpha: number,
): GuardrailReading {
  const [control, variant] = steadied([samples.control, samples.variant]);
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

/** In standard deviations: the tail of a normal distribution is 5e-198 there. */
const HOPELESS = -30;

function logOneSided({ estimate, standardError }: Effect, n: number, rho: number): number {
  if (!(standardError > 0)) return 0;
  const sum = (Math.sqrt(n) * estimate) / standardError;
  // So far on the good side, the normal tail below is no number any more, and its square outweighs it: no evidence.
  if (sum < HOPELESS * Math.sqrt(n + rho)) return 0;
  return Math.LN2 + logMixture(sum, n, rho) + Math.log(normalCdf(sum / Math.sqrt(n + rho), 0, 1));
}

import type { Effect } from './lift.ts';
import { logMixture, mixtureBoundary, tightestRho } from './normal-mixture.ts';

export interface SequenceOptions {
  /** Probability, over all looks together, that the interval ever misses the truth. */
  readonly alpha: number;
  /** Units, over both arms, at which the interval is tightest; a choice made before the data. */
  readonly tunedAt: number;
}

export interface SequentialEstimate {
  readonly estimate: number;
  readonly interval: readonly [number, number];
  /** Always-valid: below alpha exactly when the interval leaves out 0. */
  readonly p: number;
}

/**
 * Asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
 * theory and asymptotic confidence sequences", 2021, theorem 2.2): valid however often one looks, once samples
 * are large enough for a central limit theorem. `n` counts the units of both arms. Null when the standard error
 * is 0 or unknown: such a sample bounds nothing.
 */
export function confidenceSequence(
  { estimate, standardError }: Effect,
  n: number,
  { alpha, tunedAt }: SequenceOptions,
): SequentialEstimate | null {
  if (!(standardError > 0) || !Number.isFinite(standardError)) return null;
  const rho = tightestRho(tunedAt, alpha);
  // The effect seen as the mean of n steps: this is the deviation of one.
  const perStep = standardError * Math.sqrt(n);
  const halfWidth = (perStep * mixtureBoundary(n, { alpha, rho })) / n;
  return {
    estimate,
    interval: [estimate - halfWidth, estimate + halfWidth],
    p: Math.min(1, Math.exp(-logMixture((n * estimate) / perStep, n, rho))),
  };
}

import tCdf from '@stdlib/stats-base-dists-t-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import type { Effect } from './lift.ts';
import type { Moments } from './moments.ts';

export interface FixedHorizonEstimate {
  readonly estimate: number;
  readonly interval: readonly [number, number];
  /** Two-sided. */
  readonly p: number;
  readonly df: number;
}

/**
 * Welch's t interval and test (1947): valid at ONE look, decided on before the data. Assumes independent units and
 * means that are near enough to normal. `effect` is a difference or a lift of the two samples; its degrees of
 * freedom are Satterthwaite's of the difference, as GrowthBook takes them for both. Null when the standard error is
 * 0 or unknown, or a sample has fewer than two units.
 */
export function welch(
  effect: Effect,
  samples: readonly [Moments, Moments],
  alpha: number,
): FixedHorizonEstimate | null {
  const { estimate, standardError } = effect;
  const df = satterthwaite(samples);
  if (!(standardError > 0) || !Number.isFinite(standardError) || !(df > 0)) return null;
  const halfWidth = tQuantile(1 - alpha / 2, df) * standardError;
  return {
    estimate,
    interval: [estimate - halfWidth, estimate + halfWidth],
    p: 2 * tCdf(-Math.abs(estimate) / standardError, df),
    df,
  };
}

function satterthwaite(samples: readonly Moments[]): number {
  const squaredErrors = samples.map(({ variance, n }) => variance / n);
  const total = squaredErrors.reduce((sum, part) => sum + part, 0);
  const spread = samples.reduce((sum, { n }, index) => sum + (squaredErrors[index] ?? 0) ** 2 / (n - 1), 0);
  return total ** 2 / spread;
}

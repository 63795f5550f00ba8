import gammainc from '@stdlib/math-base-special-gammainc';
import { LEAST_UNITS } from './comparison.ts';
import { holm } from './holm.ts';
import type { Effect } from './lift.ts';
import { tightestRho } from './normal-mixture.ts';

/** The effect within one value of a dimension: a country, a platform. */
export interface SegmentEffect {
  readonly segment: string;
  readonly effect: Effect;
  /** Units, over both arms. */
  readonly n: number;
}

export interface Heterogeneity {
  /** Cochran's Q: how far the segments' effects lie apart, in their standard errors. */
  readonly q: number;
  readonly df: number;
  /** Share of the spread that chance does not explain (Higgins and Thompson's I²). */
  readonly share: number;
  /** Right at one look. */
  readonly p: number;
  /** Always-valid. */
  readonly sequentialP: number;
}

/**
 * Whether an effect is the same in all segments: the interaction of variant and dimension, by Cochran's Q (1954),
 * and the same Q against the always-valid mixture of `confidenceSequence` in as many dimensions. Assumes segments of
 * different units, set before the exposure, that grow in step. Segments whose effect has no standard error, or is
 * from fewer than LEAST_UNITS units, are left out.
 */
export function heterogeneity(
  segments: readonly SegmentEffect[],
  { alpha, tunedAt }: { readonly alpha: number; readonly tunedAt: number },
): Heterogeneity {
  const seen = segments.filter(({ effect, n }) => effect.standardError > 0 && n >= LEAST_UNITS);
  const weights = seen.map(({ effect }) => effect.standardError ** -2);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const weighed = (of: (effect: Effect) => number) =>
    seen.reduce((sum, { effect }, index) => sum + (weights[index] ?? 0) * of(effect), 0);
  const mean = weighed(({ estimate }) => estimate) / total;
  const df = Math.max(0, seen.length - 1);
  if (df === 0) return { q: 0, df, share: 0, p: 1, sequentialP: 1 };
  const q = weighed(({ estimate }) => (estimate - mean) ** 2);
  const n = seen.reduce((sum, segment) => sum + segment.n, 0);
  const rho = tightestRho(tunedAt, alpha);
  const logMixture = (df / 2) * Math.log(rho / (n + rho)) + (q / 2) * (n / (n + rho));
  return {
    q,
    df,
    share: q === 0 ? 0 : Math.max(0, (q - df) / q),
    p: gammainc(q / 2, df / 2, true, true),
    sequentialP: Math.min(1, Math.exp(-logMixture)),
  };
}

export interface DimensionHeterogeneity extends Heterogeneity {
  readonly dimension: string;
  /** Holm's, of the always-valid p over all dimensions looked at. */
  readonly adjustedP: number;
}

/** Heterogeneity over several dimensions, corrected for there being several. */
export function heterogeneityByDimension(
  dimensions: readonly { readonly dimension: string; readonly segments: readonly SegmentEffect[] }[],
  options: { readonly alpha: number; readonly tunedAt: number },
): DimensionHeterogeneity[] {
  const found = dimensions.map(({ dimension, segments }) => ({
    dimension,
    ...heterogeneity(segments, options),
  }));
  const adjusted = holm(found.map(({ sequentialP }) => sequentialP));
  return found.map((each, index) => ({ ...each, adjustedP: adjusted[index] ?? 1 }));
}

import { FULL_SHARE_BP } from '../key.ts';
import { probabilityBest } from './best-arm.ts';
import { mirrored, type Posterior } from './posterior.ts';

export interface ThompsonOptions {
  /** Which way the reward is better. */
  readonly direction: 'increase' | 'decrease';
  /** Basis points that every arm keeps, so that it can still be learned about. */
  readonly floorBp: number;
}

/**
 * Weights by Thompson sampling (1933): to each arm its probability of being the best, computed by quadrature, above a
 * floor. Integer basis points that sum to 10,000, in the order given, by largest remainder. RangeError for no arms, or a
 * floor that does not fit.
 */
export function thompsonWeights(
  posteriors: readonly Posterior[],
  { direction, floorBp }: ThompsonOptions,
): number[] {
  const free = FULL_SHARE_BP - posteriors.length * floorBp;
  if (posteriors.length === 0 || floorBp < 0 || free < 0)
    throw new RangeError(
      `a floor of ${floorBp} basis points for each of ${posteriors.length} arms does not fit in ${FULL_SHARE_BP}`,
    );
  const best = probabilityBest(direction === 'increase' ? posteriors : posteriors.map(mirrored));
  const total = best.reduce((sum, chance) => sum + chance, 0);
  return wholeParts(best.map((chance) => floorBp + (free * chance) / total));
}

/** Rounded so that the sum stays 10,000: those that lose most by rounding down are rounded up. */
function wholeParts(parts: readonly number[]): number[] {
  const whole = parts.map(Math.floor);
  const missing = FULL_SHARE_BP - whole.reduce((sum, part) => sum + part, 0);
  const order = parts
    .map((part, index) => ({ index, remainder: part - Math.floor(part) }))
    .toSorted((left, right) => right.remainder - left.remainder);
  for (const { index } of order.slice(0, missing)) whole[index] = (whole[index] ?? 0) + 1;
  return whole;
}

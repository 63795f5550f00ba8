import type { Moments } from './moments.ts';

/** One arm in one batch of a bandit: a period within which its weight did not change. */
export interface AdaptiveBatch {
  /** Units of all arms together. */
  readonly units: number;
  /** The arm's weight in the batch, as a probability above 0. */
  readonly propensity: number;
  /** Of the units that got the arm. */
  readonly moments: Moments;
}

/**
 * An arm's mean under adaptive assignment (Hadad, Hirshberg, Zhan, Wager and Athey, "Confidence intervals for policy
 * evaluation in adaptive experiments", PNAS 2021): every unit of every arm scores a guess m of the mean, made from
 * earlier batches only, plus (y − m) / propensity where it got the arm; the scores are weighed by √propensity, which
 * keeps their variance even. Unlike the plain mean, which a bandit drags down (it stops drawing what looks bad), it is
 * unbiased and normal in the limit. The batches in the order they ran; a batch without a chance of the arm is left
 * out. The difference of two arms' moments errs on the wide side: their scores are negatively correlated at most.
 */
export function adaptiveMoments(batches: readonly AdaptiveBatch[]): Moments {
  const drawn = batches.filter(({ propensity, units }) => propensity > 0 && units > 0);
  let before = { n: 0, sum: 0 };
  const scored = drawn.map(({ units, propensity, moments }) => {
    const guess = before.n === 0 ? 0 : before.sum / before.n;
    before = { n: before.n + moments.n, sum: before.sum + moments.n * moments.mean };
    return { units, propensity, moments, guess, weight: Math.sqrt(propensity) };
  });
  const total = scored.reduce((sum, { units, weight }) => sum + units * weight, 0);
  if (before.n === 0) return { n: 0, mean: 0, variance: 0 };
  const mean =
    scored.reduce((sum, { units, propensity, moments, guess, weight }) => {
      const scores = units * guess + (moments.n * (moments.mean - guess)) / propensity;
      return sum + weight * scores;
    }, 0) / total;
  const squaredError =
    scored.reduce((sum, batch) => sum + batch.weight ** 2 * squaresAbout(mean, batch), 0) / total ** 2;
  return { n: before.n, mean, variance: before.n * squaredError };
}

/** Σ (score − mean)² over a batch's units. */
function squaresAbout(
  mean: number,
  { units, propensity, moments: { n, mean: own, variance }, guess }: AdaptiveBatch & { guess: number },
): number {
  const [drawn, others] = [guess + (own - guess) / propensity - mean, guess - mean];
  return (units - n) * others ** 2 + n * drawn ** 2 + (Math.max(0, n - 1) * variance) / propensity ** 2;
}

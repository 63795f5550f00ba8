import type { Moments } from './moments.ts';
import { type StratifiedArms, type Stratum, sharedWithin } from './stratified-moments.ts';

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
 * An arm's mean under adaptive assignment (augmented inverse-propensity weighting: Hadad, Hirshberg, Zhan, Wager and
 * Athey, "Confidence intervals for policy evaluation in adaptive experiments", PNAS 2021): every unit of every arm
 * scores a guess m of the mean, made from earlier batches only, plus (y − m) / propensity where it got the arm. In the
 * first batch, whose weights followed nothing, the guess is what it found, so that a metric far from 0 is not scored
 * against 0. Unlike the plain mean, which a bandit drags down (it stops drawing what looks bad), the mean score is unbiased, because no
 * score's expectation depends on what the bandit did. The scores weigh the same: the paper's √propensity brought a bias
 * back at the sizes simulated (docs/statistics.md), and is there for propensities that go to 0, which a floor forbids.
 * The batches in the order they ran; one without a chance of the arm is left out, and so are those before its first unit. The difference of two arms' moments
 * errs on the wide side: their scores are negatively correlated at most.
 */
export function adaptiveMoments(batches: readonly AdaptiveBatch[]): Moments {
  const first = batches.findIndex(({ moments }) => moments.n > 0);
  const drawn = batches
    .slice(Math.max(0, first))
    .filter(({ propensity, units }) => propensity > 0 && units > 0);
  const total = drawn.reduce((sum, { units }) => sum + units, 0);
  let before = { n: 0, sum: 0 };
  const guessed = drawn.map((batch) => {
    const { n, mean } = batch.moments;
    const guess = before.n === 0 ? mean : before.sum / before.n;
    before = { n: before.n + n, sum: before.sum + n * mean };
    return { ...batch, guess };
  });
  if (before.n === 0) return { n: 0, mean: 0, variance: 0 };
  const scores = guessed.map(
    ({ units, propensity, moments, guess }) =>
      units * guess + (moments.n * (moments.mean - guess)) / propensity,
  );
  const mean = scores.reduce((sum, score) => sum + score, 0) / total;
  const squares = guessed.reduce((sum, batch) => sum + squaresAbout(mean, batch), 0);
  return { n: before.n, mean, variance: (before.n * squares) / total ** 2 };
}

/** Σ (score − mean)² over a batch's units. */
function squaresAbout(
  mean: number,
  { units, propensity, moments: { n, mean: own, variance }, guess }: AdaptiveBatch & { guess: number },
): number {
  const [drawn, others] = [guess + (own - guess) / propensity - mean, guess - mean];
  return (units - n) * others ** 2 + n * drawn ** 2 + (Math.max(0, n - 1) * variance) / propensity ** 2;
}

/** A batch of a bandit with the weights that its units were drawn by, one for each arm. */
interface BanditBatch extends Stratum {
  readonly weights: readonly number[];
}

interface AdaptiveOptions {
  /** Whether every unit has a value; otherwise an arm's own units stand, by their propensity, for all that have one. */
  readonly complete: boolean;
}

/** All arms by `adaptiveMoments`: what `stratifiedArms` is to weights that did not follow the outcomes. */
export function adaptiveArms(
  batches: readonly BanditBatch[],
  { complete }: AdaptiveOptions = { complete: true },
): StratifiedArms {
  const sizeOf = ({ arms }: BanditBatch) => arms.reduce((sum, { n }) => sum + n, 0);
  const total = batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
  const arms = (batches[0]?.arms ?? []).map((_, arm) =>
    adaptiveMoments(
      batches.flatMap((batch) => {
        const own = batch.arms[arm];
        const propensity = (batch.weights[arm] ?? 0) / batch.weights.reduce((sum, weight) => sum + weight, 0);
        if (own === undefined) return [];
        return [{ units: complete ? sizeOf(batch) : own.n / propensity, propensity, moments: own }];
      }),
    ),
  );
  const parts = batches.map((batch) => ({ ...batch, share: sizeOf(batch) / total }));
  return { arms, sharedVariance: sharedWithin(parts), excludedUnits: 0 };
}

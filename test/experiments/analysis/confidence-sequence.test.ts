import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confidenceSequence,
  type SequentialEstimate,
} from '../../../experiments/analysis/confidence-sequence.ts';
import { absoluteDifference, type Effect, relativeLift } from '../../../experiments/analysis/lift.ts';
import { proportionMoments } from '../../../experiments/analysis/moments.ts';
import { RunningMoments } from '../../support/running-moments.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

const OPTIONS = { alpha: 0.05, tunedAt: 5_000 };

describe('the confidence sequence', () => {
  it('agrees with GrowthBook on a relative lift, tuned at 5,000', () => {
    interface Input {
      readonly a: [number, number];
      readonly b: [number, number];
    }
    const { input, expected, tol } = statisticsVector<
      Input,
      { lift: number; ci: [number, number]; p: number }
    >('seq_prop_rel');
    const lift = relativeLift(proportionMoments(...input.a), proportionMoments(...input.b)) as Effect;
    const sequence = confidenceSequence(lift, input.a[1] + input.b[1], OPTIONS) as SequentialEstimate;

    expect(Math.abs(sequence.estimate - expected.lift)).toBeLessThan(tol);
    expect(Math.abs(sequence.interval[0] - expected.ci[0])).toBeLessThan(tol);
    expect(Math.abs(sequence.interval[1] - expected.ci[1])).toBeLessThan(tol);
    expect(relativeError(sequence.p, expected.p)).toBeLessThan(1e-4);
  });

  it('leaves out 0 exactly where p is below alpha', () => {
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    const effects = fc.record({
      estimate: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      standardError: positive,
    });
    fc.assert(
      fc.property(effects, fc.integer({ min: 2, max: 10_000_000 }), (effect, n) => {
        const sequence = confidenceSequence(effect, n, OPTIONS) as SequentialEstimate;
        const [low, high] = sequence.interval;
        // On the boundary itself rounding decides.
        fc.pre(Math.abs(sequence.p - OPTIONS.alpha) > 1e-9);
        expect(low > 0 || high < 0).toBe(sequence.p < OPTIONS.alpha);
      }),
    );
  });

  it('bounds nothing without a standard error', () => {
    expect(confidenceSequence({ estimate: 1, standardError: 0 }, 100, OPTIONS)).toBeNull();
    expect(confidenceSequence({ estimate: 1, standardError: Number.NaN }, 100, OPTIONS)).toBeNull();
  });
});

/** Share of experiments in which any of the looks, every 100 units per arm up to 5,000, misses the truth. */
function shareEverMissing(
  draws: { control: () => number; treatment: () => number; truth: number },
  experiments: number,
): number {
  let missed = 0;
  for (let experiment = 0; experiment < experiments; experiment += 1) if (everMisses(draws)) missed += 1;
  return missed / experiments;
}

function everMisses({
  control,
  treatment,
  truth,
}: {
  control: () => number;
  treatment: () => number;
  truth: number;
}): boolean {
  const [a, b] = [new RunningMoments(), new RunningMoments()];
  for (let units = 1; units <= 5_000; units += 1) {
    a.add(control());
    b.add(treatment());
    if (units % 100 !== 0) continue;
    const sequence = confidenceSequence(absoluteDifference(a.moments, b.moments), 2 * units, OPTIONS);
    if (sequence !== null && (truth < sequence.interval[0] || truth > sequence.interval[1])) return true;
  }
  return false;
}

describe('under fifty looks at each of 1,000 experiments', () => {
  const random = seededRandom(20_261_120);
  const bernoulli = (p: number) => () => (random() < p ? 1 : 0);
  const exponential = (mean: number) => () => -mean * Math.log(1 - random());
  /** Three standard errors of a share of 0.05 over 1,000 experiments. */
  const slack = 3 * Math.sqrt((0.05 * 0.95) / 1_000);

  it.each([
    ['equal proportions', { control: bernoulli(0.3), treatment: bernoulli(0.3), truth: 0 }],
    ['equal skewed means', { control: exponential(4), treatment: exponential(4), truth: 0 }],
    ['different proportions', { control: bernoulli(0.1), treatment: bernoulli(0.15), truth: 0.05 }],
    ['different skewed means', { control: exponential(1), treatment: exponential(3), truth: 2 }],
  ])('the interval ever misses the truth in at most alpha of them: %s', (_name, draws) => {
    const share = shareEverMissing(draws, 1_000);

    expect(share).toBeLessThanOrEqual(OPTIONS.alpha + slack);
    // Far below would mean an interval so wide that it decides nothing.
    expect(share).toBeGreaterThan(0.001);
  });
});

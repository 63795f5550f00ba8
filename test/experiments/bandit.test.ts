import { describe, expect, it } from 'vitest';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { banditStep, isBanditDue, rewardPosterior } from '../../experiments/bandit.ts';
import { type KeptExperiment, newStatus } from '../../experiments/experiment-status.ts';
import { sizeOf } from '../../experiments/slots.ts';
import { experimentWith, variantsOf } from '../support/experiments.ts';

const NOON = '2026-11-24T12:00:00.000Z';
const ONE = '2026-11-24T13:00:00.000Z';
const bandit = { metric: 'rated', floor: 500, cadenceMinutes: 60 };
const metrics = { primary: 'rated', secondary: [], guardrails: [] };

function running(weights: readonly number[] = [5_000, 5_000]): KeptExperiment {
  const experiment = experimentWith({ bandit, metrics, variants: variantsOf(weights) });
  return { experiment, state: 'running', status: { ...newStatus('ada'), startedAt: NOON } };
}

/** What arms `v0`, `v1`, … achieved, of so many units each. */
const rewards = (means: readonly number[], n = 1_000): MetricResult[] => [
  {
    key: 'rated',
    role: 'primary',
    kind: 'proportion',
    direction: 'increase',
    variants: means.map((mean, index) => ({
      key: `v${index}`,
      n,
      mean,
      standardDeviation: Math.sqrt(mean * (1 - mean)),
    })),
    comparisons: [],
  },
];

const weightsAfter = (kept: KeptExperiment, found: MetricResult[] | null) =>
  banditStep(kept, ONE, found)?.kept.experiment.variants.map(({ weight }) => weight);

describe('a bandit', () => {
  it('gives the better variant nearly everything, and every other one its floor', () => {
    expect(weightsAfter(running(), rewards([0.1, 0.2]))).toEqual([500, 9_500]);
  });

  it('stays even between variants that achieve the same', () => {
    const [first = 0, second = 0] = weightsAfter(running(), rewards([0.15, 0.15])) ?? [];
    expect(first + second).toBe(10_000);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(2);
  });

  it('deals slots to fit, and moves no more units than the weights demand', () => {
    const step = banditStep(running(), ONE, rewards([0.1, 0.2]));
    expect(step?.kept.experiment.variants.map(({ slots = [] }) => sizeOf(slots))).toEqual([500, 9_500]);
    expect(sizeOf(step?.kept.status.moved ?? [])).toBe(4_500);
    expect(step?.kept.status.banditAt).toBe(ONE);
  });

  it('sets weights by estimates of either kind together', () => {
    const [found] = rewards([0.1, 0.12]);
    const [first, second] = found?.variants ?? [];
    if (found === undefined || first === undefined || second === undefined) throw new Error('two arms');
    const mixed = { ...found, variants: [first, { ...second, standardDeviation: 0.6 }] };

    const [own = 0, other = 0] = weightsAfter(running(), [mixed]) ?? [];
    expect(own + other).toBe(10_000);
    // The difference is about one standard error.
    expect(other).toBeGreaterThan(7_500);
    expect(other).toBeLessThan(9_000);
  });

  it('believes a share by its units, and an estimate that is less certain by its error', () => {
    const [mean, n] = [0.1, 1_000];
    const plain = rewardPosterior({ n, mean, standardDeviation: Math.sqrt(mean * (1 - mean)) }, 'proportion');
    const adaptive = rewardPosterior({ n, mean, standardDeviation: 0.6 }, 'proportion');
    const below = rewardPosterior({ n, mean: -0.01, standardDeviation: 0.3 }, 'proportion');

    expect(plain.mean).toBe(101 / 1_002);
    expect(adaptive.standardDeviation).toBeCloseTo(0.6 / Math.sqrt(n), 9);
    expect(below.mean).toBe(-0.01);
  });

  it('keeps to its cadence, and to experiments that run', () => {
    const kept = running();
    expect(isBanditDue(kept, '2026-11-24T12:59:59.000Z')).toBe(false);
    expect(isBanditDue(kept, ONE)).toBe(true);
    expect(isBanditDue({ ...kept, state: 'paused' }, ONE)).toBe(false);
    const step = banditStep(kept, ONE, rewards([0.1, 0.2]));
    expect(step && isBanditDue(step.kept, ONE)).toBe(false);
  });

  it('waits for units, and for results', () => {
    expect(weightsAfter(running(), rewards([0.1, 0.2], 3))).toBeUndefined();
    expect(weightsAfter(running(), null)).toBeUndefined();
  });

  it('never brings back a variant that was dropped', () => {
    expect(weightsAfter(running([5_000, 5_000, 0]), rewards([0.1, 0.2, 0.9]))).toEqual([500, 9_500, 0]);
  });

  it('is refused without its metric, with floors that do not fit, or under too coarse a hash', () => {
    expect(() => experimentWith({ bandit })).toThrow('is not measured here');
    expect(() =>
      experimentWith({
        bandit: { ...bandit, floor: 5_000 },
        metrics,
        variants: variantsOf([5_000, 2_500, 2_500]),
      }),
    ).toThrow('at most 3333 fit');
    expect(() => experimentWith({ bandit, metrics, hash: 'murmur3-unleash' })).toThrow('finer weights');
  });
});

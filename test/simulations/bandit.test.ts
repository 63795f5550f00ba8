import { describe, expect, it } from 'vitest';
import { type AdaptiveBatch, adaptiveMoments } from '../../experiments/analysis/adaptive-moments.ts';
import { proportionMoments } from '../../experiments/analysis/moments.ts';
import { type LoggedCell, offPolicyValue } from '../../experiments/analysis/off-policy.ts';
import type { Posterior } from '../../experiments/analysis/posterior.ts';
import { stratifiedArms } from '../../experiments/analysis/stratified-moments.ts';
import { thompsonWeights } from '../../experiments/analysis/thompson-weights.ts';
import { rewardPosterior } from '../../experiments/bandit.ts';
import { type Samplers, samplers } from '../support/samplers.ts';
import { average, errorBar, report, variance } from '../support/simulation.ts';

const SHARES = [0.1, 0.12, 0.15];
const BEST = 0.15;
const BATCHES = 10;
const UNITS = 400;

interface ArmRun {
  readonly total: { readonly successes: number; readonly n: number };
  readonly batches: readonly AdaptiveBatch[];
}

/** One bandit: weights for each batch from all batches before it. */
function banditRun({ uniform, bernoulli }: Samplers, shares: readonly number[]): ArmRun[] {
  const arms = shares.map((share) => ({
    share,
    total: { successes: 0, n: 0 },
    batches: [] as AdaptiveBatch[],
  }));
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const weights = thompsonWeights(
      arms.map(({ batches }) => rewardOf(batches)),
      { direction: 'increase', floorBp: 500 },
    );
    const counts = arms.map(() => ({ successes: 0, n: 0 }));
    for (let unit = 0; unit < UNITS; unit += 1) {
      const arm = pick(uniform(), weights);
      const count = counts[arm];
      if (count === undefined) throw new Error('no such arm');
      count.n += 1;
      count.successes += bernoulli(shares[arm] ?? 0);
    }
    for (const [index, arm] of arms.entries()) {
      const { successes, n } = counts[index] ?? { successes: 0, n: 0 };
      arm.total = { successes: arm.total.successes + successes, n: arm.total.n + n };
      const moments = proportionMoments(successes, n);
      arm.batches.push({ units: UNITS, propensity: (weights[index] ?? 0) / 10_000, moments });
    }
  }
  return arms;
}

/** What the bandit believes of an arm: before the first batch that any share is as likely as any other. */
function rewardOf(batches: readonly AdaptiveBatch[]): Posterior {
  const { n, mean, variance: perUnit } = adaptiveMoments(batches);
  return rewardPosterior({ n, mean, standardDeviation: Math.sqrt(perUnit) }, 'proportion');
}

function pick(u: number, weights: readonly number[]): number {
  let left = u * 10_000;
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

function covers(
  { mean, variance: perUnit, n }: { mean: number; variance: number; n: number },
  truth: number,
): boolean {
  return Math.abs(mean - truth) <= 1.96 * Math.sqrt(perUnit / n);
}

const RUNS = 200;

describe('a bandit by Thompson sampling', () => {
  const draw = samplers(61);
  const bandits = Array.from({ length: RUNS }, () => banditRun(draw, SHARES));

  it('regrets less than a uniform split', () => {
    const regret = (units: readonly number[]) =>
      units.reduce((sum, n, arm) => sum + n * (BEST - (SHARES[arm] ?? 0)), 0);
    const own = average(bandits.map((arms) => regret(arms.map(({ total }) => total.n))));
    const uniform = regret(SHARES.map(() => (BATCHES * UNITS) / SHARES.length));
    report('bandit of three shares (0.10, 0.12, 0.15), 4,000 units', {
      regret: own,
      'uniform split': uniform,
      ratio: own / uniform,
    });

    expect(own / uniform).toBeLessThan(0.7);
  });

  it('is measured without bias by its scores, where the plain mean is biased', () => {
    // Three arms alike: the bandit drops whichever starts unluckily, and keeps its bad luck.
    const alike = Array.from({ length: 2 * RUNS }, () =>
      banditRun(samplers(Math.floor(1e9 * draw.uniform())), [0.1, 0.1, 0.1]),
    );
    const every = alike.flat();
    const plain = every.map(({ total }) => total.successes / total.n - 0.1);
    const adaptive = every.map(({ batches }) => adaptiveMoments(batches));
    const errors = adaptive.map(({ mean }) => mean - 0.1);
    const stratified = alike.flatMap(
      (run) =>
        stratifiedArms(
          Array.from({ length: BATCHES }, (_, batch) => ({
            arms: run.flatMap(({ batches }) => batches[batch]?.moments ?? []),
          })),
        ).arms,
    );
    const standardError = Math.sqrt(variance(errors) / errors.length);
    const coverage = average(adaptive.map((moments) => (covers(moments, 0.1) ? 1 : 0)));
    report('bandit, three arms alike', {
      'bias of the plain mean': average(plain),
      'bias of overlap weights': average(stratified.map(({ mean }) => mean)) - 0.1,
      'bias of the mean score': average(errors),
      'its standard error': standardError,
      coverage,
    });

    expect(average(plain)).toBeLessThan(-0.001);
    expect(Math.abs(average(errors))).toBeLessThan(3.5 * standardError);
    expect(coverage).toBeGreaterThanOrEqual(0.95 - 0.01 - errorBar(0.05, every.length));
  });
});

describe('weights that changed on a schedule, while the metric drifted', () => {
  const draw = samplers(62);
  const WEIGHTS = [0.05, 0.2, 0.5];
  const LEVELS = [0.1, 0.15, 0.25];
  /** Per period the two arms, alike but for an effect. */
  const run = (effect: number) =>
    WEIGHTS.map((weight, period) => {
      const counts = [
        { successes: 0, n: 0 },
        { successes: 0, n: 0 },
      ];
      for (let unit = 0; unit < 2_000; unit += 1) {
        const variant = draw.uniform() < weight ? 1 : 0;
        const count = counts[variant] ?? { successes: 0, n: 0 };
        count.n += 1;
        count.successes += draw.bernoulli((LEVELS[period] ?? 0) + variant * effect);
      }
      return { weight, arms: counts.map(({ successes, n }) => proportionMoments(successes, n)) };
    });
  const experiments = Array.from({ length: 2_000 }, () => run(0.02));

  it('are compared without bias within periods, where pooling is far off', () => {
    const found = experiments.map((periods) => {
      const { arms } = stratifiedArms(periods);
      const [control, variant] = arms;
      if (control === undefined || variant === undefined) throw new Error('two arms');
      const error = Math.sqrt(control.variance / control.n + variant.variance / variant.n);
      const pooled = [0, 1].map((arm) => {
        const parts = periods.map(({ arms: each }) => each[arm] ?? { n: 0, mean: 0 });
        return (
          parts.reduce((sum, { n, mean }) => sum + n * mean, 0) / parts.reduce((sum, { n }) => sum + n, 0)
        );
      });
      return { estimate: variant.mean - control.mean, error, pooled: (pooled[1] ?? 0) - (pooled[0] ?? 0) };
    });
    const estimates = found.map(({ estimate }) => estimate);
    const coverage = average(
      found.map(({ estimate, error }) => (Math.abs(estimate - 0.02) <= 1.96 * error ? 1 : 0)),
    );
    report('ramp 5-20-50% while the metric rose', {
      'bias stratified': average(estimates) - 0.02,
      'bias pooled': average(found.map(({ pooled }) => pooled)) - 0.02,
      coverage,
    });

    expect(Math.abs(average(estimates) - 0.02)).toBeLessThan(
      3.5 * Math.sqrt(variance(estimates) / estimates.length),
    );
    expect(coverage).toBeGreaterThanOrEqual(0.95 - errorBar(0.05, experiments.length));
    expect(average(found.map(({ pooled }) => pooled))).toBeGreaterThan(0.05);
  });

  it('are not called different for a first step that gave the variant twenty units of a rare event', () => {
    const STEPS = [
      { weight: 0.02, units: 1_000 },
      { weight: 0.1, units: 1_000 },
      { weight: 0.5, units: 2_000 },
    ];
    const covered = Array.from({ length: 2_000 }, () => {
      const strata = STEPS.map(({ weight, units }) => {
        const counts = [
          { successes: 0, n: 0 },
          { successes: 0, n: 0 },
        ];
        for (let unit = 0; unit < units; unit += 1) {
          const count = counts[draw.uniform() < weight ? 1 : 0];
          if (count === undefined) throw new Error('two arms');
          count.n += 1;
          count.successes += draw.bernoulli(0.03);
        }
        return { arms: counts.map(({ successes, n }) => proportionMoments(successes, n)) };
      });
      const [control, variant] = stratifiedArms(strata).arms;
      if (control === undefined || variant === undefined) throw new Error('two arms');
      const error = Math.sqrt(control.variance / control.n + variant.variance / variant.n);
      return Math.abs(variant.mean - control.mean) <= 1.96 * error;
    });
    const coverage = covered.filter(Boolean).length / covered.length;
    report('ramp 2-10-50%, share of 0.03', { coverage, nominal: 0.95 });

    expect(coverage).toBeGreaterThanOrEqual(0.95 - errorBar(0.05, covered.length));
  });

  it('tell what an even split would have brought', () => {
    const truth = average(LEVELS) + 0.01;
    const values = experiments.map((periods) =>
      offPolicyValue(
        periods.flatMap(({ weight, arms }, period): LoggedCell[] =>
          arms.map((moments, arm) => ({
            arm: `${arm}`,
            stratum: `${period}`,
            propensity: arm === 1 ? weight : 1 - weight,
            target: 0.5,
            moments,
          })),
        ),
        0.05,
      ),
    );
    const figures = (['ips', 'selfNormalised', 'doublyRobust'] as const).map((kind) => {
      const each = values.map(
        (value) => value?.[kind] ?? { estimate: Number.NaN, interval: [0, 0] as const },
      );
      const coverage = average(
        each.map(({ interval }) => (interval[0] <= truth && truth <= interval[1] ? 1 : 0)),
      );
      const bias = average(each.map(({ estimate }) => estimate)) - truth;
      return { kind, coverage, bias, spread: Math.sqrt(variance(each.map(({ estimate }) => estimate))) };
    });
    for (const { kind, ...rest } of figures) report(`off-policy value, ${kind}`, rest);

    for (const { coverage, bias, spread } of figures) {
      expect(Math.abs(bias)).toBeLessThan((3.5 * spread) / Math.sqrt(experiments.length) + 1e-3);
      expect(coverage).toBeGreaterThanOrEqual(0.95 - 0.01 - errorBar(0.05, experiments.length));
    }
  });
});

import { describe, expect, it } from 'vitest';
import { betaPosterior } from '../../experiments/analysis/beta-posterior.ts';
import { type ComparisonOptions, compareArms } from '../../experiments/analysis/comparison.ts';
import { fiellerInterval } from '../../experiments/analysis/fieller.ts';
import type { Method } from '../../experiments/analysis/method.ts';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { credibleInterval } from '../../experiments/analysis/posterior.ts';
import { compareProportions } from '../../experiments/analysis/proportion-difference.ts';
import { wilsonInterval } from '../../experiments/analysis/proportions.ts';
import {
  densityLevels,
  fixedQuantileRanks,
  quantileMoments,
  sequentialQuantileRanks,
} from '../../experiments/analysis/quantile.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import { jointMomentsOf } from '../support/joint-moments-of.ts';
import { RunningMoments } from '../support/running-moments.ts';
import { samplers } from '../support/samplers.ts';
import { errorBar, report, shareOf } from '../support/simulation.ts';

const ALPHA = 0.05;
const covers = (interval: readonly [number, number] | null, truth: number) =>
  interval !== null && interval[0] <= truth && truth <= interval[1];

/** Coverage may fall short by what chance explains, and by the little that an approximation is known to cost. */
function expectCoverage(
  name: string,
  share: number,
  { runs, lack = 0 }: { runs: number; lack?: number },
): void {
  report(`coverage, ${name}`, { coverage: share, nominal: 1 - ALPHA, runs });
  expect(share).toBeGreaterThanOrEqual(1 - ALPHA - lack - errorBar(ALPHA, runs));
}

function sample(n: number, draw: () => number): Moments {
  const moments = new RunningMoments();
  for (let unit = 0; unit < n; unit += 1) moments.add(draw());
  return moments.moments;
}

const RUNS = 1_000;
const METHODS: [string, Method][] = [
  ['one look', { kind: 'fixed-horizon' }],
  ['always-valid', { kind: 'always-valid', tunedAt: 2_000 }],
];

describe.each(METHODS)('intervals of an effect on 1,000 units per arm: %s', (name, method) => {
  const { exponential, lognormal, pareto, bernoulli } = samplers(11);
  const options: ComparisonOptions = { alpha: ALPHA, method };
  const cases: [string, () => number, () => number, { control: number; variant: number }][] = [
    ['share', () => bernoulli(0.1), () => bernoulli(0.12), { control: 0.1, variant: 0.12 }],
    ['exponential', () => exponential(1), () => exponential(1.2), { control: 1, variant: 1.2 }],
    [
      'lognormal, sigma 1',
      () => lognormal(1),
      () => 1.2 * lognormal(1),
      { control: Math.exp(0.5), variant: 1.2 * Math.exp(0.5) },
    ],
    ['Pareto, shape 3', () => pareto(3), () => 1.2 * pareto(3), { control: 1.5, variant: 1.8 }],
  ];

  it.each(cases)('hold the truth in difference and lift: %s', (kind, control, variant, truth) => {
    let lifts = 0;
    const differences = shareOf(RUNS, () => {
      const [a, b] = [sample(1_000, control), sample(1_000, variant)];
      const { absolute, lift } = compareArms({ key: 'a', moments: a }, { key: 'b', moments: b }, options);
      if (covers(lift?.interval ?? null, truth.variant / truth.control - 1)) lifts += 1;
      return covers(absolute.interval, truth.variant - truth.control);
    });

    // Skew and a heavy tail cost a normal approximation on 1,000 units up to a point.
    expectCoverage(`${name}, difference, ${kind}`, differences, { runs: RUNS, lack: 0.01 });
    expectCoverage(`${name}, lift, ${kind}`, lifts / RUNS, { runs: RUNS, lack: 0.01 });
  });
});

describe('intervals of one number', () => {
  it('hold a ratio of sums over units that differ in how much they do', () => {
    const { exponential, poisson } = samplers(12);
    const share = shareOf(RUNS, () => {
      const rows = Array.from({ length: 300 }, () => {
        const views = 1 + poisson(4);
        const level = exponential(1);
        return [views * level + exponential(1), views] as const;
      });
      const { n, mean, variance } = ratioMoments(jointMomentsOf(rows));
      const halfWidth = 1.96 * Math.sqrt(variance / n);
      // E[views · level + noise] / E[views] = (5 + 1) / 5.
      return covers([mean - halfWidth, mean + halfWidth], 1.2);
    });

    expectCoverage('ratio by the delta method, 300 units', share, { runs: RUNS, lack: 0.01 });
  });

  it.each([0.02, 0.3])("hold a share of 50 units: Wilson's, %s", (p) => {
    const { bernoulli } = samplers(13);
    const share = shareOf(RUNS, () => {
      const { n, mean } = sample(50, () => bernoulli(p));
      return covers(wilsonInterval({ successes: Math.round(n * mean), n }, ALPHA), p);
    });

    // Wilson's interval is right on average over shares; at single ones its coverage steps around the level.
    expectCoverage(`Wilson, share ${p} of 50`, share, { runs: RUNS, lack: 0.02 });
  });

  it('hold a ratio over a control near 0, where the delta method does not', () => {
    const { normal } = samplers(14);
    const truth = 0.5;
    const halfWidths: number[] = [];
    let delta = 0;
    const share = shareOf(RUNS, () => {
      const [control, variant] = [sample(400, () => 0.15 + normal()), sample(400, () => 0.225 + normal())];
      const interval = fiellerInterval(control, variant, 1.96);
      const comparison = variant.mean / control.mean - 1;
      const error =
        Math.sqrt(variant.variance / 400 + ((1 + comparison) ** 2 * control.variance) / 400) / control.mean;
      if (covers([comparison - 1.96 * error, comparison + 1.96 * error], truth)) delta += 1;
      if (interval !== null) halfWidths.push(interval[1] - interval[0]);
      // No interval: nothing was ruled out.
      return interval === null || covers(interval, truth);
    });
    report('coverage, lift over a control three standard errors from 0', {
      Fieller: share,
      'delta method': delta / RUNS,
      bounded: halfWidths.length / RUNS,
    });

    expect(share).toBeGreaterThanOrEqual(1 - ALPHA - errorBar(ALPHA, RUNS));
  });

  it('hold a share drawn from the prior: the credible interval', () => {
    const { uniform, bernoulli } = samplers(15);
    const share = shareOf(RUNS, () => {
      const p = uniform();
      const { n, mean } = sample(40, () => bernoulli(p));
      return covers(credibleInterval(betaPosterior({ successes: Math.round(n * mean), n }), ALPHA), p);
    });
    expectCoverage('beta posterior, shares drawn from the prior', share, { runs: RUNS });
    expect(share).toBeLessThanOrEqual(1 - ALPHA + errorBar(ALPHA, RUNS));
  });
});

describe('intervals of what was capped, or counted', () => {
  it('hold the mean of the capped values of a tail without a variance', () => {
    const { pareto } = samplers(17);
    const CAP = 20;
    // Of a Pareto with shape 1.5, capped: ∫ x·f up to the cap, and the cap for the rest.
    const truth = 3 * (1 - CAP ** -0.5) + CAP * CAP ** -1.5;
    const share = shareOf(RUNS, () => {
      const { n, mean, variance } = sample(500, () => Math.min(CAP, pareto(1.5)));
      const halfWidth = 1.96 * Math.sqrt(variance / n);
      return covers([mean - halfWidth, mean + halfWidth], truth);
    });

    expectCoverage('winsorised mean of 500 Pareto values (shape 1.5)', share, { runs: RUNS, lack: 0.01 });
  });

  it('hold difference and lift of two shares at every look together: the exact sequence', () => {
    const { bernoulli } = samplers(19);
    const share = shareOf(200, () => {
      const [control, variant] = [
        { successes: 0, n: 0 },
        { successes: 0, n: 0 },
      ];
      return [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000].every((look) => {
        for (; control.n < look; control.n += 1, variant.n += 1) {
          control.successes += bernoulli(0.1);
          variant.successes += bernoulli(0.2);
        }
        const { absolute, lift } = compareProportions(control, variant, ALPHA);
        return covers(absolute.interval, 0.1) && (lift === null || covers(lift.interval, 1));
      });
    });

    expectCoverage('exact sequence, difference and lift, eleven looks from the first unit on', share, {
      runs: 200,
    });
  });
});

describe('intervals of a quantile', () => {
  const { lognormal } = samplers(16);
  const LEVEL = 0.95;
  /** Of a lognormal with sigma 1. */
  const TRUTH = Math.exp(1.6448536269514722);
  const sorted = (n: number) => Float64Array.from({ length: n }, () => lognormal(1)).toSorted();

  it('by order statistics hold it at one look', () => {
    const { lower, upper } = fixedQuantileRanks({ n: 500, level: LEVEL, alpha: ALPHA });
    const share = shareOf(RUNS, () => {
      const values = sorted(500);
      return covers([values[(lower ?? 0) - 1] ?? 0, values[(upper ?? 0) - 1] ?? 0], TRUTH);
    });

    expectCoverage('95th percentile, order statistics, 500 lognormal values', share, { runs: RUNS });
  });

  it('by order statistics hold it at every look together', () => {
    const looks = [20, 50, 100, 200, 400, 800, 1_600];
    const ranks = looks.map((n) => sequentialQuantileRanks({ n, level: LEVEL, alpha: ALPHA }));
    const share = shareOf(500, () => {
      const all = Float64Array.from({ length: 1_600 }, () => lognormal(1));
      return looks.every((n, index) => {
        const values = all.slice(0, n).toSorted();
        const { lower, upper } = ranks[index] ?? { lower: null, upper: null };
        const low = lower === null ? Number.NEGATIVE_INFINITY : (values[lower - 1] ?? Number.NaN);
        const high = upper === null ? Number.POSITIVE_INFINITY : (values[upper - 1] ?? Number.NaN);
        return covers([low, high], TRUTH);
      });
    });

    expectCoverage('95th percentile, seven looks, 20 to 1,600 lognormal values', share, { runs: 500 });
  });

  it('by the density hold the difference of two', () => {
    const n = 2_000;
    const levels = densityLevels(LEVEL, n);
    const arm = (scale: number): Moments => {
      const values = sorted(n).map((value) => scale * value);
      const at = (level: number) => values[Math.min(n - 1, Math.floor(level * n))] ?? Number.NaN;
      const share = { n, mean: LEVEL, variance: LEVEL * (1 - LEVEL) };
      return quantileMoments({ value: at(LEVEL), share, levels, values: [at(levels[0]), at(levels[1])] });
    };
    const options: ComparisonOptions = { alpha: ALPHA, method: { kind: 'fixed-horizon' } };
    const share = shareOf(500, () => {
      const { absolute } = compareArms(
        { key: 'a', moments: arm(1) },
        { key: 'b', moments: arm(1.3) },
        options,
      );
      return covers(absolute.interval, 0.3 * TRUTH);
    });

    expectCoverage('difference of 95th percentiles by the density, 2,000 lognormal values', share, {
      runs: 500,
      lack: 0.01,
    });
  });
});

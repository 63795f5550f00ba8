import { describe, expect, it } from 'vitest';
import { expectedLoss, probabilityBest } from '../../../experiments/analysis/best-arm.ts';
import { betaPosterior } from '../../../experiments/analysis/beta-posterior.ts';
import { type Effect, relativeLift } from '../../../experiments/analysis/lift.ts';
import { type Moments, proportionMoments } from '../../../experiments/analysis/moments.ts';
import { normalInverseGammaPosterior } from '../../../experiments/analysis/normal-inverse-gamma-posterior.ts';
import { normalLoss, normalPosterior } from '../../../experiments/analysis/normal-posterior.ts';
import { credibleInterval } from '../../../experiments/analysis/posterior.ts';
import { posteriorDifference } from '../../../experiments/analysis/posterior-difference.ts';
import { statisticsVector } from '../../support/statistics-vectors.ts';

interface Expected {
  readonly lift: number;
  readonly ci: readonly [number, number];
  readonly se: number;
  readonly chanceToWin: number;
  readonly risk: readonly [number, number];
}

function expectPosterior(effect: Effect | null, expected: Expected, tol: number): void {
  if (effect === null) throw new Error('no lift');
  const posterior = normalPosterior(effect, null);
  const found = {
    lift: posterior.mean,
    se: posterior.standardDeviation,
    ci: credibleInterval(posterior, 0.05),
    chanceToWin: 1 - posterior.cdf(0),
    risk: normalLoss(posterior),
  };
  for (const [actual, wanted] of [
    [found.lift, expected.lift],
    [found.se, expected.se],
    [found.ci[0], expected.ci[0]],
    [found.ci[1], expected.ci[1]],
    [found.chanceToWin, expected.chanceToWin],
    [found.risk[0], expected.risk[0]],
    [found.risk[1], expected.risk[1]],
  ] as const)
    expect(Math.abs(actual - wanted)).toBeLessThan(tol);
}

describe('the normal posterior', () => {
  it('agrees with GrowthBook on a proportion under a flat prior', () => {
    const { input, expected, tol } = statisticsVector<{ a: [number, number]; b: [number, number] }, Expected>(
      'bayes_prop',
    );

    expectPosterior(
      relativeLift(proportionMoments(...input.a), proportionMoments(...input.b)),
      expected,
      tol,
    );
  });

  it('agrees with GrowthBook on a mean under a flat prior', () => {
    interface Sums {
      sum: number;
      sumsq: number;
      n: number;
    }
    const { input, expected, tol } = statisticsVector<{ a: Sums; b: Sums }, Expected>('bayes_mean');
    const moments = ({ n, sum, sumsq }: Sums): Moments => ({
      n,
      mean: sum / n,
      variance: (sumsq - sum ** 2 / n) / (n - 1),
    });

    expectPosterior(relativeLift(moments(input.a), moments(input.b)), expected, tol);
  });

  it('agrees with GrowthBook on the expected loss', () => {
    const { input, expected, tol } = statisticsVector<
      { mu: number; sigma: number },
      { risk: [number, number] }
    >('risk_normal');
    const loss = normalLoss({ mean: input.mu, standardDeviation: input.sigma });

    expect(Math.abs(loss[0] - expected.risk[0])).toBeLessThan(tol);
    expect(Math.abs(loss[1] - expected.risk[1])).toBeLessThan(tol);
  });

  it('lies between prior and data, by their precisions', () => {
    const { mean, standardDeviation } = normalPosterior(
      { estimate: 1, standardError: 0.2 },
      { mean: 0, standardDeviation: 0.1 },
    );

    expect(mean).toBeCloseTo(0.2, 12);
    expect(standardDeviation).toBeCloseTo(1 / Math.sqrt(125), 12);
    expect(() => normalPosterior({ estimate: 1, standardError: 0 }, null)).toThrow(RangeError);
  });
});

describe('the beta posterior', () => {
  it('is the conjugate of the binomial', () => {
    const posterior = betaPosterior({ successes: 7, n: 10 });

    expect(posterior.mean).toBeCloseTo(8 / 12, 12);
    expect(posterior.standardDeviation ** 2).toBeCloseTo((8 * 4) / (144 * 13), 12);
    // Beta(8, 4) by the binomial sum of 11 trials.
    expect(posterior.cdf(0.5)).toBeCloseTo((165 + 55 + 11 + 1) / 2048, 12);
    expect(() => betaPosterior({ successes: 1, n: 2 }, { successes: 0.5, failures: 1 })).toThrow(
      'at least 1',
    );
  });

  it('beats another with the probability known in closed form', () => {
    // P(Beta(a, b) > U) = a / (a + b) for a uniform U.
    const [uniform, other] = [betaPosterior({ successes: 0, n: 0 }), betaPosterior({ successes: 6, n: 8 })];

    expect(probabilityBest([uniform, other])[1]).toBeCloseTo(7 / 10, 10);
    expect(1 - posteriorDifference(uniform, other).cdf(0)).toBeCloseTo(7 / 10, 10);
  });

  it('has a credible interval with the right mass on either side', () => {
    const posterior = betaPosterior({ successes: 3, n: 4_000 });
    const [low, high] = credibleInterval(posterior, 0.1);

    expect(posterior.cdf(low)).toBeCloseTo(0.05, 9);
    expect(posterior.cdf(high)).toBeCloseTo(0.95, 9);
  });
});

describe('the normal-inverse-gamma posterior', () => {
  const weak = { mean: 0, units: 1e-9, variance: 0, degreesOfFreedom: -1 };

  it('gives the t interval when the prior weighs nothing', () => {
    // 10 units, mean 10, variance 0.25: 10 ± 2.26216 · 0.5 / √10.
    const [low, high] = credibleInterval(
      normalInverseGammaPosterior({ n: 10, mean: 10, variance: 0.25 }, weak),
      0.05,
    );

    expect((high - low) / 2).toBeCloseTo(2.2621572 * 0.15811388, 5);
    expect((high + low) / 2).toBeCloseTo(10, 6);
  });

  it('holds total probability', () => {
    const posterior = normalInverseGammaPosterior(
      { n: 12, mean: 3, variance: 4 },
      { mean: 1, units: 4, variance: 2, degreesOfFreedom: 3 },
    );

    expect(posterior.mean).toBeCloseTo((4 + 36) / 16, 12);
    expect(probabilityBest([posterior])[0]).toBeCloseTo(1, 9);
    expect(() => normalInverseGammaPosterior({ n: 2, mean: 0, variance: 1 }, weak)).toThrow(
      'degrees of freedom',
    );
  });
});

describe('the best of several', () => {
  it('is each of three alike arms with probability a third', () => {
    const arm = () => betaPosterior({ successes: 50, n: 1_000 });
    for (const p of probabilityBest([arm(), arm(), arm()])) expect(p).toBeCloseTo(1 / 3, 9);
  });

  it('is the clearly best of three arms nearly surely, and all chances sum to 1', () => {
    const chances = probabilityBest([50, 60, 90].map((successes) => betaPosterior({ successes, n: 1_000 })));

    expect(chances.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    expect(chances[2]).toBeGreaterThan(0.99);
  });

  it('is found however differently sure the arms are', () => {
    const [sure, vague] = [
      normalPosterior({ estimate: 0, standardError: 1e-4 }, null),
      normalPosterior({ estimate: 1, standardError: 10 }, null),
    ];
    const chances = probabilityBest([sure, vague]);

    expect(chances[1]).toBeCloseTo(0.539827837, 6);
    expect((chances[0] ?? 0) + (chances[1] ?? 0)).toBeCloseTo(1, 9);
  });

  it('loses what the closed form says, of two normal arms', () => {
    const arms = [
      normalPosterior({ estimate: 0, standardError: 3 }, null),
      normalPosterior({ estimate: 1, standardError: 4 }, null),
    ];
    const [stay, go] = normalLoss({ mean: 1, standardDeviation: 5 });
    const losses = expectedLoss(arms);

    expect(losses[0]).toBeCloseTo(stay, 9);
    expect(losses[1]).toBeCloseTo(go, 9);
  });

  it('has a difference of two normal posteriors that is normal', () => {
    const difference = posteriorDifference(
      normalPosterior({ estimate: 2, standardError: 3 }, null),
      normalPosterior({ estimate: 3, standardError: 4 }, null),
    );

    expect(credibleInterval(difference, 0.05)[1]).toBeCloseTo(1 + 5 * 1.959963985, 6);
  });
});

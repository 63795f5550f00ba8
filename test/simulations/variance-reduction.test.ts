import { describe, expect, it } from 'vitest';
import { cupedMeans, cupedRatios } from '../../experiments/analysis/cuped.ts';
import { absoluteDifference, relativeLift } from '../../experiments/analysis/lift.ts';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { ratioMoments } from '../../experiments/analysis/ratio.ts';
import { stratifiedArms } from '../../experiments/analysis/stratified-moments.ts';
import { welch } from '../../experiments/analysis/welch.ts';
import { jointMomentsOf } from '../support/joint-moments-of.ts';
import { samplers } from '../support/samplers.ts';
import { average, report, variance } from '../support/simulation.ts';

const RUNS = 1_000;
const UNITS = 200;
const EFFECT = 0.3;

interface Run {
  readonly estimate: number;
  readonly standardError: number;
  readonly covered: boolean;
}

function runOf([control, variant]: readonly Moments[]): Run {
  if (control === undefined || variant === undefined) throw new Error('two arms');
  const { estimate, standardError } = absoluteDifference(control, variant);
  const [low, high] = welch({ estimate, standardError }, [control, variant], 0.05)?.interval ?? [0, 0];
  return { estimate, standardError, covered: low <= EFFECT && EFFECT <= high };
}

function figuresOf(runs: readonly Run[]) {
  const estimates = runs.map(({ estimate }) => estimate);
  return {
    bias: average(estimates) - EFFECT,
    biasError: Math.sqrt(variance(estimates) / runs.length),
    variance: variance(estimates),
    claimed: average(runs.map(({ standardError }) => standardError ** 2)),
    coverage: average(runs.map(({ covered }) => (covered ? 1 : 0))),
  };
}

function expectHonest(figures: ReturnType<typeof figuresOf>): void {
  expect(Math.abs(figures.bias)).toBeLessThan(3.5 * figures.biasError);
  // The standard error of a variance seen in so many runs is √(2 / runs) of it.
  expect(Math.abs(figures.claimed / figures.variance - 1)).toBeLessThan(3.5 * Math.sqrt(2 / RUNS));
  expect(figures.coverage).toBeGreaterThan(0.95 - 3.5 * Math.sqrt((0.05 * 0.95) / RUNS));
}

describe('CUPED', () => {
  it.each([0.3, 0.6, 0.9])(
    'is unbiased and takes the squared correlation out of the variance: correlation %s',
    (correlation) => {
      const { exponential } = samplers(21);
      const noise = Math.sqrt(1 - correlation ** 2);
      // Skewed both: exponential history, exponential noise.
      const unit = (effect: number) => {
        const before = exponential(1);
        return [correlation * before + noise * exponential(1) + effect, before] as const;
      };
      const arm = (effect: number) => jointMomentsOf(Array.from({ length: UNITS }, () => unit(effect)));
      const runs = Array.from({ length: RUNS }, () => [arm(0), arm(EFFECT)]);
      const plain = figuresOf(
        runs.map((arms) =>
          runOf(
            arms.map((joint) => ({
              n: joint.n,
              mean: joint.means[0],
              variance: joint.covariances[0]?.[0] ?? 0,
            })),
          ),
        ),
      );
      const adjusted = figuresOf(runs.map((arms) => runOf(cupedMeans(arms).arms)));
      report(`CUPED, correlation ${correlation}`, {
        bias: adjusted.bias,
        'variance left': adjusted.variance / plain.variance,
        predicted: 1 - correlation ** 2,
        coverage: adjusted.coverage,
      });

      expectHonest(adjusted);
      expect(Math.abs(adjusted.variance / plain.variance - (1 - correlation ** 2))).toBeLessThan(0.1);
    },
  );

  it('is unbiased for a ratio, and smaller in variance', () => {
    const { exponential, poisson } = samplers(22);
    const unit = (effect: number) => {
      const level = exponential(1);
      const [views, viewsBefore] = [1 + poisson(3), 1 + poisson(3)];
      return [
        views * (level + effect) + exponential(1),
        views,
        viewsBefore * level + exponential(1),
        viewsBefore,
      ] as const;
    };
    const arm = (effect: number) => jointMomentsOf(Array.from({ length: UNITS }, () => unit(effect)));
    const runs = Array.from({ length: RUNS }, () => [arm(0), arm(EFFECT)]);
    const plain = figuresOf(runs.map((arms) => runOf(arms.map((joint) => ratioMoments(jointPair(joint))))));
    const adjusted = figuresOf(runs.map((arms) => runOf(cupedRatios(arms).arms)));
    report('CUPED of a ratio', {
      bias: adjusted.bias,
      'variance left': adjusted.variance / plain.variance,
      coverage: adjusted.coverage,
    });

    expectHonest(adjusted);
    expect(adjusted.variance / plain.variance).toBeLessThan(0.4);
  });
});

describe('CUPED while the weights changed', () => {
  it('has the level that both arms share in the interval of a lift', () => {
    const { exponential, uniform } = samplers(24);
    const [correlation, effect] = [0.95, 2.5];
    const noise = Math.sqrt(1 - correlation ** 2);
    const truth = effect / (correlation + noise);
    const period = (weight: number) => {
      const arms: (readonly [number, number])[][] = [[], []];
      for (let unit = 0; unit < 2 * UNITS; unit += 1) {
        const variant = uniform() < weight ? 1 : 0;
        const before = exponential(1);
        arms[variant]?.push([correlation * before + noise * exponential(1) + variant * effect, before]);
      }
      return cupedMeans(arms.map((rows) => jointMomentsOf(rows)));
    };
    const covers = ([control, variant]: readonly Moments[], sharedVariance: number) => {
      const lift = control && variant && relativeLift(control, variant, sharedVariance);
      if (lift == null) throw new Error('two arms, a control that is not 0');
      return Math.abs(lift.estimate - truth) <= 1.96 * lift.standardError ? 1 : 0;
    };
    const found = Array.from({ length: RUNS }, () => {
      const { arms, sharedVariance } = stratifiedArms([period(0.2), period(0.5)]);
      return { honest: covers(arms, sharedVariance), without: covers(arms, 0) };
    });
    const [honest, without] = [
      average(found.map((run) => run.honest)),
      average(found.map((run) => run.without)),
    ];
    report('CUPED of a lift over two periods', { coverage: honest, 'without the shared level': without });

    expect(honest).toBeGreaterThan(0.95 - 3.5 * Math.sqrt((0.05 * 0.95) / RUNS));
    expect(without).toBeLessThan(0.9);
  });
});

/** The first two of four measurements. */
function jointPair({
  n,
  means,
  covariances,
}: ReturnType<typeof jointMomentsOf<readonly [number, number, number, number]>>) {
  return {
    n,
    means: [means[0], means[1]] as const,
    covariances: covariances.slice(0, 2).map((row) => row.slice(0, 2)),
  };
}

describe('clustering', () => {
  it('is unbiased, and its variance is larger than that of independent rows by the design effect', () => {
    const { normal } = samplers(23);
    const [rowsPerUnit, correlation] = [10, 0.4];
    const arm = (effect: number) =>
      jointMomentsOf(
        Array.from({ length: UNITS }, () => {
          const level = Math.sqrt(correlation) * normal();
          let total = 0;
          for (let row = 0; row < rowsPerUnit; row += 1)
            total += level + Math.sqrt(1 - correlation) * normal() + effect;
          return [total, rowsPerUnit] as const;
        }),
      );
    const figures = figuresOf(
      Array.from({ length: RUNS }, () => runOf([arm(0), arm(EFFECT)].map(ratioMoments))),
    );
    const independent = 2 / (UNITS * rowsPerUnit);
    const designEffect = 1 + (rowsPerUnit - 1) * correlation;
    report('clustered mean, 10 rows per unit correlated 0.4', {
      bias: figures.bias,
      'design effect': figures.variance / independent,
      predicted: designEffect,
      coverage: figures.coverage,
    });

    expectHonest(figures);
    expect(Math.abs(figures.variance / independent / designEffect - 1)).toBeLessThan(
      3.5 * Math.sqrt(2 / RUNS),
    );
  });
});

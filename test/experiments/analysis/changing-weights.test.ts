import { describe, expect, it } from 'vitest';
import { adaptiveArms, adaptiveMoments } from '../../../experiments/analysis/adaptive-moments.ts';
import { stratifiedArms } from '../../../experiments/analysis/stratified-moments.ts';

const moments = (n: number, mean: number, variance = 1) => ({ n, mean, variance });

describe('arms under weights that changed', () => {
  // The metric doubled while the variant's share rose: pooled, it would look better by 0.8.
  const strata = [
    { arms: [moments(9_000, 1), moments(1_000, 1)] },
    { arms: [moments(5_000, 2), moments(5_000, 2)] },
  ];

  it('are compared within each period, which weighs as much as it tells', () => {
    const { arms, excludedUnits } = stratifiedArms(strata);
    // 9,000 beside 1,000 tell what 900 would, 5,000 beside 5,000 what 2,500 would.
    const [first, second] = [900 / 3_400, 2_500 / 3_400];

    for (const { mean } of arms) expect(mean).toBeCloseTo(first + 2 * second, 12);
    expect(arms.map(({ n }) => n)).toEqual([14_000, 6_000]);
    expect((arms[1]?.variance ?? 0) / 6_000).toBeCloseTo(first ** 2 / 1_000 + second ** 2 / 5_000, 12);
    expect(excludedUnits).toBe(0);
  });

  it('weigh by its units a period whose weights were those of the others', () => {
    const { arms } = stratifiedArms([
      { arms: [moments(100, 1), moments(300, 1)] },
      { arms: [moments(200, 4), moments(600, 4)] },
    ]);

    for (const { mean } of arms) expect(mean).toBeCloseTo(3, 12);
  });

  it('are themselves under weights that did not', () => {
    const { arms, sharedVariance } = stratifiedArms([{ arms: [moments(50, 1, 3), moments(70, 2, 4)] }]);

    expect(sharedVariance).toBe(0);
    for (const [index, expected] of [moments(50, 1, 3), moments(70, 2, 4)].entries()) {
      expect(arms[index]?.mean).toBe(expected.mean);
      expect(arms[index]?.variance).toBeCloseTo(expected.variance, 9);
    }
  });

  it('keep the level that arms adjusted by a covariate have in common, of each period by its weight', () => {
    const alike = [moments(100, 1), moments(100, 1)];
    const { sharedVariance } = stratifiedArms([
      { arms: alike, sharedVariance: 0.02 },
      { arms: alike, sharedVariance: 0.04 },
    ]);

    expect(sharedVariance).toBeCloseTo(0.5 ** 2 * 0.02 + 0.5 ** 2 * 0.04, 12);
  });

  it('leave out a period in which one of them was not to be had', () => {
    const { arms, excludedUnits } = stratifiedArms([...strata, { arms: [moments(700, 9), moments(0, 0)] }]);

    expect(arms[0]?.mean).toBe(stratifiedArms(strata).arms[0]?.mean);
    expect(excludedUnits).toBe(700);
    expect(stratifiedArms([])).toEqual({ arms: [], sharedVariance: 0, excludedUnits: 0 });
  });
});

describe('an arm of a bandit', () => {
  it('scores every unit of every batch by what was known before it', () => {
    const { n, mean } = adaptiveMoments([
      { units: 100, propensity: 0.5, moments: moments(60, 2) },
      { units: 100, propensity: 0.25, moments: moments(20, 3) },
    ]);

    expect(n).toBe(80);
    // First batch: nothing was known, so what it found itself. Second: guess 2, 100 · 2 + 20 · (3 − 2) / 0.25.
    expect(mean).toBeCloseTo((200 + 280) / 200, 12);
  });

  it('has the variance of its scores', () => {
    const { n, mean, variance } = adaptiveMoments([
      { units: 100, propensity: 0.5, moments: moments(50, 2, 1) },
      { units: 100, propensity: 0.5, moments: moments(50, 3, 1) },
    ]);

    expect(mean).toBe(2.5);
    // Of the first batch all scores are 2 on average, of the second half 2 and half 2 + 1 / 0.5; those that got the arm
    // vary by 1 / 0.5² too.
    const squares = 100 * 0.25 + 50 * 0.25 + 50 * 1.5 ** 2 + 2 * 49 * 4;
    expect((variance / n) * 200 ** 2).toBeCloseTo(squares, 9);
  });

  it('is as its one batch, where the weights never changed', () => {
    const { mean, variance } = adaptiveMoments([
      { units: 100, propensity: 0.5, moments: moments(50, 1_000, 1) },
    ]);

    expect(mean).toBe(1_000);
    expect(variance / 50).toBeCloseTo(49 / 50 ** 2, 12);
  });

  it('counts, of a metric that not every unit has, what its own units stand for', () => {
    const batches = [
      { weights: [5_000, 5_000], arms: [moments(20, 4), moments(50, 2)] },
      { weights: [2_000, 8_000], arms: [moments(8, 6), moments(80, 2)] },
    ];
    // As many have a value under the control: 20 / 0.5 in the first batch, 8 / 0.2 in the second.
    expect(adaptiveArms(batches, { complete: false }).arms[0]?.mean).toBeCloseTo(5, 12);
  });

  it('keeps the level that arms adjusted by a covariate have in common', () => {
    const arms = [moments(50, 1), moments(50, 2)];
    const batches = [0.02, 0.04].map((sharedVariance) => ({ weights: [1, 1], arms, sharedVariance }));
    expect(adaptiveArms(batches).sharedVariance).toBeCloseTo(0.25 * 0.02 + 0.25 * 0.04, 12);
  });

  it('is scored by the weights of each batch, as one of several', () => {
    const batches = [
      { weights: [5_000, 5_000], arms: [moments(40, 1), moments(60, 2)] },
      { weights: [7_500, 2_500], arms: [moments(80, 1), moments(20, 3)] },
    ];
    const second = adaptiveMoments([
      { units: 100, propensity: 0.5, moments: moments(60, 2) },
      { units: 100, propensity: 0.25, moments: moments(20, 3) },
    ]);

    expect(adaptiveArms(batches).arms[1]).toEqual(second);
    expect(adaptiveArms([])).toEqual({ arms: [], sharedVariance: 0, excludedUnits: 0 });
  });

  it('begins with its first unit', () => {
    const drawn = { units: 100, propensity: 0.5, moments: moments(50, 2) };
    const before = { units: 5, propensity: 0.5, moments: moments(0, 0) };
    expect(adaptiveMoments([before, drawn])).toEqual(adaptiveMoments([drawn]));
  });

  it('is not known from batches that could not draw it', () => {
    expect(adaptiveMoments([])).toEqual({ n: 0, mean: 0, variance: 0 });
    expect(adaptiveMoments([{ units: 100, propensity: 0, moments: moments(0, 0) }])).toMatchObject({ n: 0 });
  });
});

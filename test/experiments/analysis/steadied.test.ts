import { describe, expect, it } from 'vitest';
import { steadied } from '../../../experiments/analysis/steadied.ts';

const arm = (n: number, variance: number) => ({ n, mean: 1, variance });

describe('two samples to be compared', () => {
  it('lend the variance of the larger to one that is small beside it', () => {
    expect(steadied([arm(1_000, 4), arm(100, 1)])).toEqual([arm(1_000, 4), arm(100, 4)]);
    expect(steadied([arm(100, 1), arm(1_000, 4)])).toEqual([arm(100, 4), arm(1_000, 4)]);
  });

  it('stay as they are where the small one varies more, is not much smaller, or is large itself', () => {
    for (const pair of [
      [arm(1_000, 1), arm(100, 4)],
      [arm(199, 4), arm(100, 1)],
      [arm(50_000, 4), arm(1_000, 1)],
    ] as const)
      expect(steadied(pair)).toEqual(pair);
  });
});

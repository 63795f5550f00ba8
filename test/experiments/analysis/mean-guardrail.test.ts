import { describe, expect, it } from 'vitest';
import { meanGuardrail } from '../../../experiments/analysis/mean-guardrail.ts';

const NONE = { absolute: 0, relative: 0 };

describe('the guardrail on a mean', () => {
  const arm = (mean: number, n = 2_000) => ({ n, mean, variance: 400 });
  const reading = (control: number, variant: number, tolerance = NONE) =>
    meanGuardrail(
      { control: arm(control), variant: arm(variant), direction: 'decrease', tunedAt: 5_000 },
      tolerance,
      0.01,
    );

  it('is breached on the bad side only', () => {
    expect(reading(100, 105).breached).toBe(true);
    expect(reading(105, 100)).toMatchObject({ breached: false, p: 1 });
    expect(
      meanGuardrail(
        { control: arm(105), variant: arm(100), direction: 'increase', tunedAt: 5_000 },
        NONE,
        0.01,
      ).breached,
    ).toBe(true);
  });

  it('tolerates the larger of the absolute and the relative limit', () => {
    expect(reading(100, 105, { absolute: 1, relative: 0 }).breached).toBe(true);
    expect(reading(100, 105, { absolute: 5, relative: 0 }).breached).toBe(false);
    expect(reading(100, 105, { absolute: 1, relative: 0.05 }).breached).toBe(false);
  });

  it('says nothing of fewer than 100 units', () => {
    const few = meanGuardrail(
      { control: arm(1, 99), variant: arm(900, 99), direction: 'decrease', tunedAt: 5_000 },
      NONE,
      0.01,
    );

    expect(few).toEqual({ logEvidence: 0, p: 1, breached: false });
  });
});

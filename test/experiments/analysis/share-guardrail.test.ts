import { describe, expect, it } from 'vitest';
import { shareGuardrail } from '../../../experiments/analysis/share-guardrail.ts';

const NONE = { absolute: 0, relative: 0 };
const shares = (control: [number, number], variant: [number, number]) => [
  { control: { successes: control[0], n: control[1] }, variant: { successes: variant[0], n: variant[1] } },
];

describe('the guardrail on a share', () => {
  it('is breached by a variant that fails altogether after a handful of requests', () => {
    expect(shareGuardrail(shares([0, 12], [12, 12]), NONE, 0.01).breached).toBe(true);
    expect(shareGuardrail(shares([0, 3], [3, 3]), NONE, 0.01).breached).toBe(false);
  });

  it('is not breached by a variant that is better, or the same, or unseen', () => {
    for (const [control, variant] of [
      [
        [500, 1_000],
        [10, 1_000],
      ],
      [
        [50, 10_000],
        [50, 10_000],
      ],
      [
        [50, 10_000],
        [0, 0],
      ],
      [
        [0, 0],
        [10, 10],
      ],
    ] as [[number, number], [number, number]][])
      expect(shareGuardrail(shares(control, variant), NONE, 0.01)).toMatchObject({ breached: false, p: 1 });
  });

  it('tolerates the larger of the absolute and the relative limit', () => {
    const found = (absolute: number, relative: number) =>
      shareGuardrail(shares([1_000, 100_000], [1_600, 100_000]), { absolute, relative }, 0.01).breached;

    expect(found(0, 0)).toBe(true);
    expect(found(0.001, 0.1)).toBe(true);
    expect(found(0.01, 0)).toBe(false);
    expect(found(0, 1)).toBe(false);
    expect(found(0.001, 1)).toBe(false);
  });

  it('does not take an outage for a variant whose weight was raised during it', () => {
    const calm = shares([9, 9_000], [1, 1_000])[0];
    const outage = shares([500, 1_000], [4_500, 9_000])[0];
    if (calm === undefined || outage === undefined) throw new Error('two epochs');
    const pooled = shares([509, 10_000], [4_501, 10_000]);

    expect(shareGuardrail([calm, outage], NONE, 0.01).breached).toBe(false);
    expect(shareGuardrail(pooled, NONE, 0.01).breached).toBe(true);
  });

  it('is not slower for the calm steps of a ramp that came before', () => {
    const calm = shares([900, 90_000], [90, 9_000]);
    const breach = (bad: number) => shares([1, 100], [bad, 100]);
    const needed = (before: ReturnType<typeof shares>) => {
      for (let bad = 1; bad <= 100; bad += 1)
        if (shareGuardrail([...before, ...breach(bad)], NONE, 0.01).breached) return bad;
      return Number.POSITIVE_INFINITY;
    };

    expect(needed([...calm, ...calm, ...calm])).toBeLessThanOrEqual(needed([]) + 4);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleRatio } from '../../../experiments/analysis/sample-ratio.ts';
import { relativeError, statisticsVector } from '../../support/statistics-vectors.ts';

interface Input {
  readonly obs: readonly number[];
  readonly w?: readonly number[];
}

const armsOf = ({ obs, w }: Input) =>
  obs.map((units, index) => ({ units, weight: w === undefined ? 1 : (w[index] ?? 0) }));

describe('the sample ratio', () => {
  it.each(['srm_scipy', 'srm_statsig', 'srm_zero_weight'])('agrees with the published example %s', (id) => {
    const { input, expected, tol } = statisticsVector<Input, { chi2: number; p: number; df?: number }>(id);
    const { chi2, p, df } = sampleRatio(armsOf(input));

    expect(relativeError(chi2, expected.chi2)).toBeLessThan(tol);
    expect(relativeError(p, expected.p)).toBeLessThan(tol);
    if (expected.df !== undefined) expect(df).toBe(expected.df);
  });

  it('is a mismatch where units were seen in a variant of weight 0', () => {
    const ratio = sampleRatio([
      { units: 500, weight: 5_000 },
      { units: 500, weight: 5_000 },
      { units: 1, weight: 0 },
    ]);

    expect(ratio).toMatchObject({ p: 0, ok: false });
  });

  it('finds nothing wrong where there is nothing to see', () => {
    expect(sampleRatio([])).toMatchObject({ p: 1, ok: true });
    expect(sampleRatio([{ units: 9, weight: 1 }])).toMatchObject({ p: 1, ok: true });
    expect(
      sampleRatio([
        { units: 0, weight: 1 },
        { units: 0, weight: 3 },
      ]),
    ).toMatchObject({ p: 1, ok: true });
  });

  it('depends on the weights only through their shares, and on no order', () => {
    const arm = fc.record({ units: fc.nat(100_000), weight: fc.integer({ min: 1, max: 10_000 }) });
    fc.assert(
      fc.property(fc.array(arm, { minLength: 2, maxLength: 6 }), (arms) => {
        const { p } = sampleRatio(arms);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        const other = sampleRatio(arms.map(({ units, weight }) => ({ units, weight: weight * 7 })).reverse());
        expect(other.p).toBeCloseTo(p, 9);
      }),
    );
  });
});

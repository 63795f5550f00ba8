import gammainc from '@stdlib/math-base-special-gammainc';

/** Below this a split did not come about by chance: the experiment's data cannot be trusted. */
export const MISMATCH_P = 0.001;

/** How many units a variant got, and the weight that it should have got them by. */
export interface SampledArm {
  readonly units: number;
  readonly weight: number;
}

export interface SampleRatio {
  readonly chi2: number;
  readonly df: number;
  readonly p: number;
  readonly ok: boolean;
}

/**
 * Whether units fell to the variants as their weights say: Pearson's chi-square test of goodness of fit. A variant
 * of weight 0 has nothing to be compared with and is left out, of the degrees of freedom too; units seen in it
 * are a mismatch of their own (p = 0).
 */
export function sampleRatio(arms: readonly SampledArm[]): SampleRatio {
  const drawn = arms.filter(({ weight }) => weight > 0);
  const units = drawn.reduce((sum, arm) => sum + arm.units, 0);
  const weights = drawn.reduce((sum, { weight }) => sum + weight, 0);
  const df = Math.max(0, drawn.length - 1);
  const astray = arms.some((arm) => arm.weight === 0 && arm.units > 0);
  if (units === 0 || df === 0) return { chi2: 0, df, p: astray ? 0 : 1, ok: !astray };
  const chi2 = drawn.reduce((sum, arm) => {
    const expected = (units * arm.weight) / weights;
    return sum + (arm.units - expected) ** 2 / expected;
  }, 0);
  const p = astray ? 0 : gammainc(chi2 / 2, df / 2, true, true);
  return { chi2, df, p, ok: p >= MISMATCH_P };
}

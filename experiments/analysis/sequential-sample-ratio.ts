import gammaln from '@stdlib/math-base-special-gammaln';
import { MISMATCH_P, type SampledArm } from './sample-ratio.ts';

/** How sure the prior is of the weights, in units seen: the soonest found is the loss of a tenth of an arm to a twentieth. */
const CONCENTRATION = 1_000;

export interface SequentialSampleRatio {
  /** Natural logarithm of the Bayes factor against the weights. */
  readonly logEvidence: number;
  /** Always-valid: the chance that it is ever at or below x is at most x, however often one looks. */
  readonly p: number;
  readonly ok: boolean;
}

/**
 * The sample-ratio check that may be looked at all the time: Bayes factor of a Dirichlet prior around the weights
 * against the weights themselves (Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS
 * 2022, arXiv:2011.03567). One epoch per period of constant weights; the factors of successive epochs multiply. A
 * variant of weight 0 is left out; units seen in it are a mismatch of their own (p = 0).
 */
export function sequentialSampleRatio(epochs: readonly (readonly SampledArm[])[]): SequentialSampleRatio {
  const astray = epochs.some((arms) => arms.some(({ units, weight }) => weight === 0 && units > 0));
  const logEvidence = epochs.reduce((sum, arms) => sum + logBayesFactor(arms), 0);
  const p = astray ? 0 : Math.min(1, Math.exp(-logEvidence));
  return { logEvidence, p, ok: p >= MISMATCH_P };
}

function logBayesFactor(arms: readonly SampledArm[]): number {
  const drawn = arms.filter(({ weight }) => weight > 0);
  const weights = drawn.reduce((sum, { weight }) => sum + weight, 0);
  const units = drawn.reduce((sum, arm) => sum + arm.units, 0);
  const start = gammaln(CONCENTRATION) - gammaln(CONCENTRATION + units);
  return drawn.reduce((sum, arm) => {
    const share = arm.weight / weights;
    const prior = CONCENTRATION * share;
    return sum + gammaln(prior + arm.units) - gammaln(prior) - arm.units * Math.log(share);
  }, start);
}

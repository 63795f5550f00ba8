import type { Moments } from './moments.ts';

/** An estimated effect and how far it may be off: standard deviation of the estimate. */
export interface Effect {
  readonly estimate: number;
  readonly standardError: number;
}

/** Treatment mean minus control mean; independent samples, variances not assumed equal. */
export function absoluteDifference(control: Moments, treatment: Moments): Effect {
  return {
    estimate: treatment.mean - control.mean,
    standardError: Math.sqrt(treatment.variance / treatment.n + control.variance / control.n),
  };
}

/**
 * Relative lift (treatment − control) / control, its standard error by the delta method (Deng, Knoblich and Lu,
 * KDD 2018, section 3.1). The sign is that of the difference also where the control is negative. Null when the
 * control mean is 0: nothing can be said relative to it. `sharedVariance` is that of a level which both means have in
 * common, added to neither's own: see AdjustedArms.
 */
export function relativeLift(control: Moments, treatment: Moments, sharedVariance = 0): Effect | null {
  if (control.mean === 0) return null;
  const scale = Math.abs(control.mean);
  const ratio = treatment.mean / control.mean;
  const variance =
    treatment.variance / treatment.n +
    (ratio ** 2 * control.variance) / control.n +
    (ratio - 1) ** 2 * sharedVariance;
  return { estimate: (treatment.mean - control.mean) / scale, standardError: Math.sqrt(variance) / scale };
}

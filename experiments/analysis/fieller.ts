import type { Moments } from './moments.ts';

/**
 * Fieller's interval of the relative lift (1954): all lifts at which (treatment − (1 + lift) · control) lies within
 * `multiplier` of its standard errors. Right also where the control is near 0, where the delta method's interval is
 * not. The multiplier may be a t or normal quantile, or that of a confidence sequence. Null where the control itself
 * cannot be told from 0: then every lift, or every lift but a few, is possible.
 */
export function fiellerInterval(
  control: Moments,
  treatment: Moments,
  multiplier: number,
): [number, number] | null {
  const [a, b] = [control.mean, treatment.mean];
  const [ofControl, ofTreatment] = [control, treatment].map(
    ({ variance, n }) => (multiplier ** 2 * variance) / n,
  );
  // The roots r of (b − r·a)² = ofTreatment + r²·ofControl.
  const quadratic = a ** 2 - (ofControl ?? Number.NaN);
  const discriminant = (a * b) ** 2 - quadratic * (b ** 2 - (ofTreatment ?? Number.NaN));
  if (!(quadratic > 0) || !(discriminant >= 0)) return null;
  const roots = [-1, 1].map((side) => (a * b + side * Math.sqrt(discriminant)) / quadratic);
  // A negative control turns the ratio around: as in `relativeLift`, up stays up.
  const [low = 0, high = 0] = roots
    .map((root) => Math.sign(a) * (root - 1))
    .toSorted((left, right) => left - right);
  return [low, high];
}

/** Standard errors from 0 above which the delta method's interval and Fieller's agree to a few percent. */
const FAR_FROM_ZERO = 5;

/** Whether the control is so near 0 that a relative lift needs Fieller's interval. */
export function isNearZero({ mean, variance, n }: Moments): boolean {
  return Math.abs(mean) < FAR_FROM_ZERO * Math.sqrt(variance / n);
}

import { fiellerInterval, isNearZero } from './fieller.ts';
import { absoluteDifference, type Effect, relativeLift } from './lift.ts';
import { type Inference, infer, type Method } from './method.ts';
import type { Moments } from './moments.ts';
import { compareProportions, type ProportionComparison } from './proportion-difference.ts';
import type { Share } from './proportions.ts';
import { steadied } from './steadied.ts';

/** An effect with its interval; the interval is null while the data bound nothing. */
export interface EstimatedEffect {
  readonly estimate: number;
  readonly interval: readonly [number, number] | null;
}

/** One variant against the control in one metric. */
export interface Comparison {
  readonly variant: string;
  readonly control: string;
  readonly method: Method['kind'];
  readonly alpha: number;
  /** Variant minus control, in the metric's own unit. */
  readonly absolute: EstimatedEffect;
  /** (Variant − control) / control; null where the control's mean is 0. */
  readonly lift: EstimatedEffect | null;
  /** Of the absolute difference, by the method; 1 while the data bound nothing. */
  readonly p: number;
  /** Over its family of metrics and variants; absent while it was not corrected. */
  readonly adjustedP?: number;
  /** Whether the (corrected) p is below alpha; of rare successes or failures, the exact one too. */
  readonly significant: boolean;
  /** Of a proportion: always-valid without any approximation, wider. Null of anything else. */
  readonly exact: ProportionComparison | null;
}

/** Fewer units than this in an arm are too few for the interval's central limit theorem. */
export const LEAST_UNITS = 100;
/** Fewer successes or failures than this in an arm are too few for it as well. */
const LEAST_EVENTS = 30;

export interface Arm {
  readonly key: string;
  readonly moments: Moments;
  /** Where the metric is a proportion: as counts. */
  readonly share?: Share;
}

export interface ComparisonOptions {
  /** Probability that the interval misses the truth, as the method means it. */
  readonly alpha: number;
  readonly method: Method;
  /** Of a level that both means have in common (AdjustedArms). 0 unless said. */
  readonly sharedVariance?: number;
}

/** Compares two independent samples, `steadied`. Nothing is significant below LEAST_UNITS units in either. */
export function compareArms(control: Arm, variant: Arm, options: ComparisonOptions): Comparison {
  const { alpha, method, sharedVariance = 0 } = options;
  const samples = steadied([control.moments, variant.moments]);
  const enough = Math.min(samples[0].n, samples[1].n) >= LEAST_UNITS;
  const inferenceOf = (effect: Effect, priorScale: number) =>
    enough ? infer(method, { effect, samples, alpha, priorScale }) : null;
  const difference = absoluteDifference(...samples);
  const absolute = inferenceOf(difference, control.moments.mean);
  const lift = relativeLift(...samples, sharedVariance);
  const exact = exactOf(control, variant, alpha);
  const sparse = [control, variant].some((arm) => arm.share !== undefined && isSparse(arm.share));
  return {
    variant: variant.key,
    control: control.key,
    method: method.kind,
    alpha,
    absolute: effectOf(difference, absolute),
    lift: lift && liftOf(lift, inferenceOf(lift, 1), { samples, difference, absolute }),
    p: absolute?.p ?? 1,
    significant: absolute !== null && absolute.p < alpha && !(sparse && exact !== null && exact.p >= alpha),
    exact,
  };
}

function effectOf({ estimate }: Effect, inference: Inference | null): EstimatedEffect {
  return { estimate: inference?.estimate ?? estimate, interval: inference?.interval ?? null };
}

/** Near a control of 0 the delta method's interval is wrong, and Fieller's takes its place, with the same multiplier. */
function liftOf(
  lift: Effect,
  inference: Inference | null,
  {
    samples,
    difference,
    absolute,
  }: { samples: readonly [Moments, Moments]; difference: Effect; absolute: Inference | null },
): EstimatedEffect {
  if (absolute === null || !isNearZero(samples[0])) return effectOf(lift, inference);
  const multiplier = (absolute.interval[1] - absolute.estimate) / difference.standardError;
  return { estimate: lift.estimate, interval: fiellerInterval(...samples, multiplier) };
}

function exactOf(
  { share: control }: Arm,
  { share: variant }: Arm,
  alpha: number,
): ProportionComparison | null {
  return control === undefined || variant === undefined ? null : compareProportions(control, variant, alpha);
}

function isSparse({ successes, n }: Share): boolean {
  return Math.min(successes, n - successes) < LEAST_EVENTS;
}

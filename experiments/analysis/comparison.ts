import { confidenceSequence, type SequenceOptions } from './confidence-sequence.ts';
import { absoluteDifference, relativeLift } from './lift.ts';
import type { Moments } from './moments.ts';

/** An effect with its always-valid interval; the interval is null while the data bound nothing. */
export interface EstimatedEffect {
  readonly estimate: number;
  readonly interval: readonly [number, number] | null;
}

/** One variant against the control in one metric. */
export interface Comparison {
  readonly variant: string;
  readonly control: string;
  /** Variant minus control, in the metric's own unit. */
  readonly absolute: EstimatedEffect;
  /** (Variant − control) / control; null where the control's mean is 0. */
  readonly lift: EstimatedEffect | null;
  /** Always-valid p of the absolute difference; 1 while the data bound nothing. */
  readonly p: number;
  /** Whether the absolute interval leaves out 0. */
  readonly significant: boolean;
}

/** Fewer units than this in an arm are too few for the interval's central limit theorem. */
export const LEAST_UNITS = 100;

export interface Arm {
  readonly key: string;
  readonly moments: Moments;
}

/** Compares two independent samples. Nothing is significant below LEAST_UNITS units in either. */
export function compareArms(control: Arm, variant: Arm, options: SequenceOptions): Comparison {
  const enough = Math.min(control.moments.n, variant.moments.n) >= LEAST_UNITS;
  const n = control.moments.n + variant.moments.n;
  const sequenceOf = (effect: Parameters<typeof confidenceSequence>[0]) =>
    enough ? confidenceSequence(effect, n, options) : null;
  const difference = absoluteDifference(control.moments, variant.moments);
  const lift = relativeLift(control.moments, variant.moments);
  const sequence = sequenceOf(difference);
  return {
    variant: variant.key,
    control: control.key,
    absolute: { estimate: difference.estimate, interval: sequence?.interval ?? null },
    lift: lift === null ? null : { estimate: lift.estimate, interval: sequenceOf(lift)?.interval ?? null },
    p: sequence?.p ?? 1,
    significant: sequence !== null && sequence.p < options.alpha,
  };
}

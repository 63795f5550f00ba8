import { confidenceSequence } from './confidence-sequence.ts';
import {
  type GroupSequentialLook,
  groupSequentialEstimate,
  groupSequentialLooks,
  repeatedP,
} from './group-sequential.ts';
import type { Effect } from './lift.ts';
import type { Moments } from './moments.ts';
import { type NormalPrior, normalPosterior } from './normal-posterior.ts';
import { credibleInterval } from './posterior.ts';
import { obrienFlemingSpending, pocockSpending } from './spending.ts';
import { welch } from './welch.ts';

/** How an effect becomes an interval and a p: chosen before the data, for the whole experiment. */
export type Method =
  /** Right at every look together. `tunedAt`: units, over both arms, at which the interval is tightest. */
  | { readonly kind: 'always-valid'; readonly tunedAt: number }
  /** Right at one look. */
  | { readonly kind: 'fixed-horizon' }
  /** Right at the looks so far, the current one last, given as shares of the units planned in all. */
  | {
      readonly kind: 'group-sequential';
      readonly fractions: readonly number[];
      readonly spending: 'obrien-fleming' | 'pocock';
    }
  /** What to believe, given a prior on the relative lift (null: flat). No promise about false alarms. */
  | { readonly kind: 'bayesian'; readonly prior: NormalPrior };

/** What a method makes of an effect. */
export interface Inference {
  readonly estimate: number;
  readonly interval: readonly [number, number];
  /**
   * Two-sided; below alpha exactly when the interval leaves out 0. Bayesian: twice the posterior probability that the
   * effect has the other sign.
   */
  readonly p: number;
}

export interface InferenceInput {
  readonly effect: Effect;
  readonly samples: readonly [control: Moments, variant: Moments];
  readonly alpha: number;
  /** What the prior's unit is in the effect's: 1 for a lift, the control's mean for a difference. */
  readonly priorScale: number;
}

/** Null when the standard error is 0 or unknown: such a sample bounds nothing. */
export function infer(
  method: Method,
  { effect, samples, alpha, priorScale }: InferenceInput,
): Inference | null {
  switch (method.kind) {
    case 'always-valid':
      return confidenceSequence(effect, samples[0].n + samples[1].n, { alpha, tunedAt: method.tunedAt });
    case 'fixed-horizon':
      return welch(effect, samples, alpha);
    case 'group-sequential':
      return inferAtLook(method, effect, alpha);
    case 'bayesian':
      return inferFromPrior(method.prior, effect, { alpha, priorScale });
  }
}

type GroupSequential = Extract<Method, { kind: 'group-sequential' }>;

const familyOf = ({ spending }: GroupSequential) =>
  spending === 'pocock' ? pocockSpending : obrienFlemingSpending;

/** The looks so far with their boundaries. */
export function plannedLooks(method: GroupSequential, alpha: number): GroupSequentialLook[] {
  return groupSequentialLooks(method.fractions, familyOf(method)(alpha));
}

function inferAtLook(method: GroupSequential, effect: Effect, alpha: number): Inference | null {
  const look = plannedLooks(method, alpha).at(-1);
  const found = look === undefined ? null : groupSequentialEstimate(effect, look);
  if (found === null) return null;
  return {
    ...found,
    p: repeatedP(effect.estimate / effect.standardError, method.fractions, familyOf(method)),
  };
}

function inferFromPrior(
  prior: NormalPrior,
  effect: Effect,
  { alpha, priorScale }: Pick<InferenceInput, 'alpha' | 'priorScale'>,
): Inference | null {
  if (!(effect.standardError > 0) || !Number.isFinite(effect.standardError)) return null;
  const scale = Math.abs(priorScale);
  // Relative to a control of 0 a prior says nothing.
  const scaled =
    prior === null || scale === 0
      ? null
      : { mean: prior.mean * scale, standardDeviation: prior.standardDeviation * scale };
  const posterior = normalPosterior(effect, scaled);
  const below = posterior.cdf(0);
  return {
    estimate: posterior.mean,
    interval: credibleInterval(posterior, alpha),
    p: 2 * Math.min(below, 1 - below),
  };
}

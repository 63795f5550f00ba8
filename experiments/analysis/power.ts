import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { crossingProbabilities } from './boundary-crossing.ts';
import { findRoot } from './find-root.ts';
import { mixtureBoundary, tightestRho } from './normal-mixture.ts';

interface ErrorRates {
  /** Two-sided chance of a false alarm. */
  readonly alpha: number;
  /** Chance to see the effect if it is there. */
  readonly power: number;
}

export interface TwoShares extends ErrorRates {
  readonly control: number;
  readonly variant: number;
  /** The variance when there is no effect: of both shares pooled (R's power.prop.test), or of the control's. */
  readonly nullVariance?: 'pooled' | 'control';
}

/** Units that EACH arm needs for a z test of two shares at one look; not rounded (Fleiss, Levin and Paik 2003, 4.14). */
export function unitsPerArmForShares({
  control,
  variant,
  alpha,
  power,
  nullVariance = 'pooled',
}: TwoShares): number {
  const bernoulli = (share: number) => share * (1 - share);
  const underNull = 2 * bernoulli(nullVariance === 'pooled' ? (control + variant) / 2 : control);
  const underEffect = bernoulli(control) + bernoulli(variant);
  const reach = quantile(1 - alpha / 2) * Math.sqrt(underNull) + quantile(power) * Math.sqrt(underEffect);
  return (reach / (variant - control)) ** 2;
}

/** One comparison to be planned. */
export interface Plan extends ErrorRates {
  /** Per unit, of control and variant, as the analysis will use them: after CUPED, after winsorisation. */
  readonly variances: readonly [number, number];
  /** Shares of all units that the two get; they need not sum to 1. */
  readonly shares: readonly [number, number];
  /** Units at which the always-valid interval is tightest. */
  readonly tunedAt: number;
}

/** Looks over the whole run that the price of peeking is computed for: more change it by less than a percent. */
const LOOKS = 20;

/**
 * Units in all that a plan needs to see a difference of `effect`: at one fixed look, and with always-valid looks (the
 * same 20 times over the run, counting as seen what is significant at any of them). The second over the first is the
 * price of peeking; on average an always-valid experiment ends long before, at `expected`.
 */
export function unitsNeeded(
  plan: Plan,
  effect: number,
): { fixed: number; alwaysValid: number; expected: number } {
  const { alpha, power } = plan;
  const perUnit = Math.abs(effect) / Math.sqrt(stepVariance(plan));
  const fixed = ((quantile(1 - alpha / 2) + quantile(power)) / perUnit) ** 2;
  const shortfall = (units: number) => powerOf(sequentialStops(plan, perUnit, units)) - power;
  let most = 2 * fixed;
  while (shortfall(most) < 0) most *= 2;
  const alwaysValid = findNear(shortfall, fixed, most);
  const stops = sequentialStops(plan, perUnit, alwaysValid);
  const spent = stops.reduce((sum, chance, look) => sum + (chance * (look + 1)) / LOOKS, 0);
  return { fixed, alwaysValid, expected: alwaysValid * (spent + 1 - powerOf(stops)) };
}

/**
 * Units in all after which one always-valid look will most likely show `effect`: no more than an eighth above what
 * `unitsNeeded` has for many looks, and a thousand times quicker, for whoever asks all the time.
 */
export function unitsForOneLook(plan: Plan, effect: number): number {
  const { alpha, power, shares, tunedAt } = plan;
  const perUnit = Math.abs(effect) / Math.sqrt(stepVariance(plan));
  const rho = tightestRho(tunedAt, alpha);
  const reach = quantile(power);
  const excess = (units: number) => {
    const n = units * (shares[0] + shares[1]);
    return perUnit * Math.sqrt(units) - mixtureBoundary(n, { alpha, rho }) / Math.sqrt(n) - reach;
  };
  let most = (reach / perUnit) ** 2;
  while (excess(most) < 0) most *= 2;
  return findRoot(excess, most / 2, most);
}

/** The smallest difference that `units` in all will most likely show. */
export function detectableEffect(plan: Plan, units: number): { fixed: number; alwaysValid: number } {
  const { alpha, power } = plan;
  const deviation = Math.sqrt(stepVariance(plan));
  const perUnit = (quantile(1 - alpha / 2) + quantile(power)) / Math.sqrt(units);
  const shortfall = (effect: number) => powerOf(sequentialStops(plan, effect, units)) - power;
  let most = 2 * perUnit;
  while (shortfall(most) < 0) most *= 2;
  return { fixed: perUnit * deviation, alwaysValid: findNear(shortfall, perUnit, most) * deviation };
}

/** Chance that a difference of `effect` is seen within `units` in all. */
export function powerAt(plan: Plan, effect: number, units: number): { fixed: number; alwaysValid: number } {
  const perUnit = Math.abs(effect) / Math.sqrt(stepVariance(plan));
  const [z, threshold] = [perUnit * Math.sqrt(units), quantile(1 - plan.alpha / 2)];
  return {
    fixed: normalCdf(z - threshold, 0, 1) + normalCdf(-z - threshold, 0, 1),
    alwaysValid: powerOf(sequentialStops(plan, perUnit, units)),
  };
}

/** Days until so many units are in; null where none come. */
export function expectedDays(units: number, unitsPerDay: number): number | null {
  return unitsPerDay > 0 ? units / unitsPerDay : null;
}

/** Variance of the difference of the two means, times the units of the two. */
function stepVariance({ variances, shares }: Plan): number {
  return variances[0] / shares[0] + variances[1] / shares[1];
}

/** At each look the chance that the sequence first leaves out 0. */
function sequentialStops({ alpha, shares, tunedAt }: Plan, perUnit: number, units: number): number[] {
  const rho = tightestRho(tunedAt, alpha);
  const looks = Array.from({ length: LOOKS }, (_, index) => {
    const fraction = (index + 1) / LOOKS;
    // The sequence counts the units of its two arms.
    const n = units * fraction * (shares[0] + shares[1]);
    return { fraction, boundary: mixtureBoundary(n, { alpha, rho }) / Math.sqrt(n) };
  });
  return crossingProbabilities(looks, perUnit * Math.sqrt(units));
}

/** A root to a part in a thousand: nobody plans more finely. */
function findNear(f: (x: number) => number, low: number, high: number): number {
  const rough = (x: number) => (Math.abs(f(x)) < 5e-4 ? 0 : f(x));
  return findRoot(rough, low, high);
}

function powerOf(stops: readonly number[]): number {
  return stops.reduce((sum, chance) => sum + chance, 0);
}

function quantile(level: number): number {
  return normalQuantile(level, 0, 1);
}

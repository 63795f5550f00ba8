import { logBernoulliMixture, sharesWithin } from './bernoulli-mixture.ts';
import { findRoot } from './find-root.ts';
import type { Share } from './proportions.ts';

interface ExactEstimate {
  readonly estimate: number;
  readonly interval: readonly [number, number];
}

export interface ProportionComparison {
  readonly absolute: ExactEstimate;
  /** Variant / control − 1; null while no success was seen in the control. */
  readonly lift: ExactEstimate | null;
  /** Always-valid p of equal shares; below alpha exactly when the absolute interval leaves out 0. */
  readonly p: number;
}

/**
 * Two shares compared at any number of looks, exact at any sample size: the product of the two beta-binomial mixture
 * martingales is a martingale at the true pair of shares, so the pairs where it is below 1 / alpha are a confidence
 * sequence for the pair (Ville's inequality; cf. Turner, Ly and Grünwald, "Generic e-variables for exact sequential
 * k-sample tests", 2021); the intervals are how far difference and ratio go within it. Assumes independent units
 * whose chance does not depend on when they came.
 */
export function compareProportions(control: Share, variant: Share, alpha: number): ProportionComparison {
  const budget = Math.log(1 / alpha);
  const [controlShare, variantShare] = [control, variant].map(({ successes, n }) =>
    n === 0 ? 0 : successes / n,
  );
  const [a = 0, b = 0] = [controlShare, variantShare];
  return {
    absolute: {
      estimate: b - a,
      interval: [-furthestAbove(variant, control, budget), furthestAbove(control, variant, budget)],
    },
    lift: a === 0 ? null : { estimate: b / a - 1, interval: liftInterval(control, variant, budget) },
    p: equalSharesP(control, variant),
  };
}

/** Exact always-valid p of equal shares: of all pairs of equal ones, the pooled share fits best. */
export function equalSharesP(control: Share, variant: Share): number {
  const n = control.n + variant.n;
  const pooled = n === 0 ? 0.5 : (control.successes + variant.successes) / n;
  return Math.min(1, Math.exp(-logBernoulliMixture(control, pooled) - logBernoulliMixture(variant, pooled)));
}

/** How far the second share can be above the first within the region. */
function furthestAbove(first: Share, second: Share, budget: number): number {
  // On the region's edge both shares are where their martingales rise equally steeply, in opposite directions.
  const edge = (steepness: number) =>
    [whereSlopeIs(first, -steepness), whereSlopeIs(second, steepness)] as const;
  const steepness = steepnessAt(budget, (value) => spent(first, second, edge(value)));
  if (steepness === null) return 1;
  const [low, high] = edge(steepness);
  return high - low;
}

/** Where the mixture, as a function of the share, has this slope: a root of slope·p² + (n − slope)·p − successes. */
function whereSlopeIs({ successes, n }: Share, slope: number): number {
  if (n === 0) return slope > 0 ? 1 : 0;
  if (successes === 0 && slope <= n) return 0;
  const linear = n - slope;
  const root = Math.sqrt(Math.max(0, linear ** 2 + 4 * slope * successes));
  // The form of the root that does not subtract two like numbers.
  const p = linear >= 0 ? (2 * successes) / (linear + root) : (root - linear) / (2 * slope);
  return Math.min(1, Math.max(0, p));
}

function liftInterval(control: Share, variant: Share, budget: number): [number, number] {
  const highest = furthestRatio(control, variant, budget);
  const lowest = furthestRatio(variant, control, budget);
  return [1 / lowest - 1, highest - 1];
}

/** How many times the first share the second can be within the region; infinite without a success in the first. */
function furthestRatio(first: Share, second: Share, budget: number): number {
  // As above on a logarithmic scale, where the slopes are n·p − successes over 1 − p.
  const at = ({ successes, n }: Share, slope: number) =>
    n + slope <= 0 ? 0 : Math.min(1, Math.max(0, (successes + slope) / (n + slope)));
  const edge = (slope: number) => [at(first, -slope), at(second, slope)] as const;
  const steepness = steepnessAt(budget, (value) => spent(first, second, edge(value)), first.successes);
  if (steepness === null) return Number.POSITIVE_INFINITY;
  const high = at(second, steepness);
  // Of a share of 1 the slope is the same everywhere: what the other leaves of the budget says how far it goes.
  const [low] = sharesWithin(first, budget - logBernoulliMixture(second, high));
  return low === 0 ? Number.POSITIVE_INFINITY : high / low;
}

function spent(first: Share, second: Share, [p, q]: readonly [number, number]): number {
  return logBernoulliMixture(first, p) + logBernoulliMixture(second, q);
}

/** Null when no steepness up to the limit spends the budget: the region reaches the edge of what is possible. */
function steepnessAt(budget: number, spentAt: (steepness: number) => number, limit = 1e15): number | null {
  const excess = (steepness: number) => Math.min(1e300, spentAt(steepness)) - budget;
  if (excess(limit) <= 0) return null;
  let high = Math.min(1, limit);
  while (excess(high) <= 0) high = Math.min(limit, high * 4);
  return findRoot(excess, 0, high);
}

import { advance, crossingProbability, START } from './boundary-crossing.ts';
import { findRoot } from './find-root.ts';
import type { Effect } from './lift.ts';
import type { Spending } from './spending.ts';

export interface GroupSequentialLook {
  /** Share of the planned units that were in. */
  readonly fraction: number;
  /** Alpha spent up to this look. */
  readonly spent: number;
  /** Significant where |z| is at least this; infinite while nothing may be spent. */
  readonly boundary: number;
}

/**
 * Boundaries of a group-sequential test by Lan and DeMets' alpha spending ("Discrete sequential boundaries for clinical
 * trials", Biometrika 1983): over all planned looks together the chance of a false alarm is alpha. The number and times
 * of looks need not be known before, only how many units there will be in all; a look past them spends nothing more.
 * RangeError when the fractions do not ascend within (0, 1].
 */
export function groupSequentialLooks(
  fractions: readonly number[],
  spending: Spending,
): GroupSequentialLook[] {
  if (fractions.some((fraction, index) => !(fraction > (fractions[index - 1] ?? 0) && fraction <= 1)))
    throw new RangeError(`the shares of information must ascend within (0, 1]: ${fractions.join(', ')}`);
  let state = START;
  const looks: GroupSequentialLook[] = [];
  for (const fraction of fractions) {
    const before = looks.at(-1);
    if (before !== undefined) state = advance(state, before);
    const spent = spending(fraction);
    looks.push({ fraction, spent, boundary: boundaryAt(state, fraction, spent - (before?.spent ?? 0)) });
  }
  return looks;
}

/** A boundary that far out is never reached. */
const FARTHEST = 12;

function boundaryAt(state: typeof START, fraction: number, toSpend: number): number {
  const excess = (boundary: number) => crossingProbability(state, { fraction, boundary }) - toSpend;
  return excess(FARTHEST) >= 0 ? Number.POSITIVE_INFINITY : findRoot(excess, 0, FARTHEST);
}

export interface GroupSequentialEstimate {
  readonly estimate: number;
  /** Repeated confidence interval: all of them together hold the truth with probability 1 − alpha. */
  readonly interval: readonly [number, number];
}

/** What a look says (repeated confidence intervals: Jennison and Turnbull 1989). Null without a standard error. */
export function groupSequentialEstimate(
  { estimate, standardError }: Effect,
  { boundary }: GroupSequentialLook,
): GroupSequentialEstimate | null {
  if (!(standardError > 0) || !Number.isFinite(standardError)) return null;
  const halfWidth = boundary * standardError;
  return { estimate, interval: [estimate - halfWidth, estimate + halfWidth] };
}

/** Below this a repeated p says no more. */
const LEAST_P = 1e-9;

/**
 * The repeated p-value at the last of these looks (Jennison and Turnbull 1989): the alpha at which its boundary would
 * just be reached. At most alpha exactly when the repeated interval at alpha leaves out 0. Not below 1e-9.
 */
export function repeatedP(
  z: number,
  fractions: readonly number[],
  spending: (alpha: number) => Spending,
): number {
  const excess = (logAlpha: number) => {
    const last = groupSequentialLooks(fractions, spending(Math.exp(logAlpha))).at(-1);
    const distance = Math.min(FARTHEST, last?.boundary ?? FARTHEST) - Math.abs(z);
    // Six digits of a boundary are more than anybody reads of a p.
    return Math.abs(distance) < 1e-6 ? 0 : distance;
  };
  const least = Math.log(LEAST_P);
  if (excess(0) >= 0) return 1;
  return excess(least) <= 0 ? LEAST_P : Math.exp(findRoot(excess, least, 0));
}

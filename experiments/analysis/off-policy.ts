import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import type { Moments } from './moments.ts';

/** Units that got one arm in one stratum: a period, a segment, or both. */
export interface LoggedCell {
  readonly arm: string;
  readonly stratum: string;
  /** The chance with which they got it. */
  readonly propensity: number;
  /** The chance that the weighting to be valued would have given; over the arms of a stratum they sum to 1. */
  readonly target: number;
  readonly moments: Moments;
}

interface PolicyValue {
  readonly estimate: number;
  readonly standardError: number;
  readonly interval: readonly [number, number];
}

export interface OffPolicyValue {
  /** Inverse-propensity score (Horvitz and Thompson 1952): unbiased, the widest. */
  readonly ips: PolicyValue;
  /** Self-normalised (Swaminathan and Joachims 2015): indifferent to where the metric's 0 is. */
  readonly selfNormalised: PolicyValue;
  /** Doubly robust with each arm's mean as the model (Dudík, Langford and Li 2011): what to read. */
  readonly doublyRobust: PolicyValue;
  /** Units of equal weight that would tell as much. */
  readonly effectiveUnits: number;
  /** In plain words; empty when the value can be relied on. */
  readonly warnings: readonly string[];
}

/** Below this share of the units, or this many, intervals are no longer to be relied on. */
const LEAST_EFFECTIVE = { share: 0.1, units: 100 };

/** A sum over the units of all cells of a function that is linear in y: constant + slope · y. */
interface Score {
  readonly constant: number;
  readonly slope: number;
}

/**
 * What the metric's mean would have been under a weighting that was not run, from units that were assigned at random
 * with known probabilities. For a fixed look at weights that did not follow the outcomes. Null where it cannot be told:
 * there are no units, or the weighting uses an arm where it was never given.
 */
export function offPolicyValue(cells: readonly LoggedCell[], alpha: number): OffPolicyValue | null {
  const seen = cells.filter(({ moments }) => moments.n > 0);
  const unsupported = cells.some(({ target, moments }) => target > 0 && moments.n === 0);
  const units = sumOver(seen, () => ({ constant: 1, slope: 0 }));
  if (units === 0 || unsupported) return null;
  const ratio = ({ target, propensity }: LoggedCell) => target / propensity;
  const total = sumOver(seen, (cell) => ({ constant: ratio(cell), slope: 0 }));
  const effectiveUnits = total ** 2 / sumOver(seen, (cell) => ({ constant: ratio(cell) ** 2, slope: 0 }));
  const ips = sumOver(seen, (cell) => ({ constant: 0, slope: ratio(cell) }));
  const models = modelsOf(seen);
  const doublyRobust = (cell: LoggedCell) => {
    const model = models.get(cell.arm) ?? 0;
    return { constant: expectedOf(seen, cell.stratum, models) - ratio(cell) * model, slope: ratio(cell) };
  };
  const value = (estimate: number, score: (cell: LoggedCell) => Score) =>
    policyValue(seen, estimate, { score, units, alpha });
  const normalised = ips / total;
  return {
    ips: value(ips / units, (cell) => ({ constant: 0, slope: ratio(cell) })),
    selfNormalised: value(normalised, (cell) => {
      const scale = (ratio(cell) * units) / total;
      return { constant: normalised - scale * normalised, slope: scale };
    }),
    doublyRobust: value(sumOver(seen, doublyRobust) / units, doublyRobust),
    effectiveUnits,
    warnings: warningsOf(effectiveUnits, units),
  };
}

/** The mean of independent scores and its error. */
function policyValue(
  cells: readonly LoggedCell[],
  estimate: number,
  { score, units, alpha }: { score: (cell: LoggedCell) => Score; units: number; alpha: number },
): PolicyValue {
  const squares = cells.reduce((sum, cell) => {
    const { constant, slope } = score(cell);
    const { n, mean, variance } = cell.moments;
    return sum + n * (constant + slope * mean - estimate) ** 2 + slope ** 2 * Math.max(0, n - 1) * variance;
  }, 0);
  const standardError = Math.sqrt(squares) / units;
  const halfWidth = normalQuantile(1 - alpha / 2, 0, 1) * standardError;
  return { estimate, standardError, interval: [estimate - halfWidth, estimate + halfWidth] };
}

function sumOver(cells: readonly LoggedCell[], score: (cell: LoggedCell) => Score): number {
  return cells.reduce((sum, cell) => {
    const { constant, slope } = score(cell);
    return sum + cell.moments.n * (constant + slope * cell.moments.mean);
  }, 0);
}

/** Each arm's mean over all strata, inverse-propensity weighted. */
function modelsOf(cells: readonly LoggedCell[]): Map<string, number> {
  return new Map(
    [...new Set(cells.map(({ arm }) => arm))].map((arm) => {
      const own = cells.filter((cell) => cell.arm === arm);
      const sum = (constant: number, slope: number) =>
        sumOver(own, ({ propensity }) => ({ constant: constant / propensity, slope: slope / propensity }));
      return [arm, sum(0, 1) / sum(1, 0)];
    }),
  );
}

/** What the weighting would bring in a stratum, going by the models. */
function expectedOf(
  cells: readonly LoggedCell[],
  stratum: string,
  models: ReadonlyMap<string, number>,
): number {
  return cells
    .filter((cell) => cell.stratum === stratum)
    .reduce((sum, { arm, target }) => sum + target * (models.get(arm) ?? 0), 0);
}

function warningsOf(effectiveUnits: number, units: number): string[] {
  const { share, units: least } = LEAST_EFFECTIVE;
  if (effectiveUnits >= least && effectiveUnits >= share * units) return [];
  const [effective, all] = [Math.round(effectiveUnits), units].map((value) => value.toLocaleString('en'));
  return [
    `The weighting differs so much from what was run that ${all} units tell no more than ${effective} would: the interval is too narrow.`,
  ];
}

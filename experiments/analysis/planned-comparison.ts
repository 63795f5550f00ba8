import { detectableEffect, type Plan, unitsNeeded } from './power.ts';

/** A variant beside its control that is to be planned. */
export interface Comparison {
  readonly plan: Plan;
  /** The difference to be seen, in the metric's own unit. */
  readonly effect: number;
  /** Units in all, of each of which it is asked what they show. */
  readonly horizons: readonly number[];
}

export interface PlannedComparison {
  readonly units: ReturnType<typeof unitsNeeded>;
  /** By horizon the smallest difference that it will most likely show, looking at any time. */
  readonly detectable: readonly number[];
}

/** What a comparison takes, and shows: up to some hundred milliseconds of arithmetic. Throws RangeError where there is no answer. */
export function plannedComparison({ plan, effect, horizons }: Comparison): PlannedComparison {
  return {
    units: unitsNeeded(plan, effect),
    detectable: horizons.map((units) => detectableEffect(plan, units).alwaysValid),
  };
}

import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { BUILT_IN_DEFINITIONS, type Metric } from '../../experiments/metric.ts';
import type { Dialect } from './sql/dialect.ts';
import { Tallies } from './sql/tallies.ts';
import { type UnitValues, unitValues } from './sql/unit-values.ts';

/** One metric of an experiment: what it is, what it is for, and how a unit's values come out of the tables. */
export interface PlannedMetric {
  readonly metric: Metric;
  readonly role: MetricResult['role'];
  /** Null for a quantile, which is of outcomes and not of units. */
  readonly values: UnitValues | null;
}

export interface MetricPlan {
  readonly metrics: readonly PlannedMetric[];
  readonly tallies: Tallies;
}

/**
 * Every metric of an experiment in order: primary, secondary, guardrails; the built-in guardrails are always there.
 * Throws RangeError when one has no definition.
 */
export function metricPlan(
  { metrics: named }: Experiment,
  definitions: readonly Metric[],
  dialect: Dialect,
): MetricPlan {
  const primary = named === undefined ? [] : [named.primary];
  const secondary = named?.secondary ?? [];
  const guardrails = [...(named?.guardrails ?? []), ...BUILT_IN_DEFINITIONS.map(({ key }) => key)];
  const tallies = new Tallies();
  const roleOf = (key: string): MetricResult['role'] =>
    primary.includes(key) ? 'primary' : secondary.includes(key) ? 'secondary' : 'guardrail';
  const metrics = [...new Set([...primary, ...secondary, ...guardrails])].map((key) => {
    const metric = definitionOf(key, definitions);
    return { metric, role: roleOf(key), values: unitValues(metric, tallies, dialect) };
  });
  return { metrics, tallies };
}

/** A definition of a built-in metric's key takes its place. */
function definitionOf(key: string, definitions: readonly Metric[]): Metric {
  const metric = [...definitions, ...BUILT_IN_DEFINITIONS].find((definition) => definition.key === key);
  if (metric === undefined)
    throw new RangeError(`metric "${key}" is not defined: define it or take it out of the experiment`);
  return metric;
}

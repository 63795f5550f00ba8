import type { DuckDBConnection } from '@duckdb/node-api';
import { expectedDays, unitsForOneLook } from '../../experiments/analysis/power.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { AnalysisScope } from './experiment-tables.ts';
import type { MeasuredMetric } from './measure-metrics.ts';
import { planOf, recentUnitsSql } from './plan-experiment.ts';

/** How far an experiment is on the way to seeing the effect that it declares to matter, looking at any time. */
export interface ExperimentProgress {
  /** Relative, on the primary metric. */
  readonly effect: number;
  /** Chance to see it, if it is there, once the units needed are in. */
  readonly power: number;
  /** With a value of the primary metric. */
  readonly units: number;
  /** Of all variants, for the one that takes the most; a little on the safe side. */
  readonly unitsNeeded: number;
  /** Of the last 14 days. */
  readonly unitsPerDay: number;
  /** Null at no traffic. */
  readonly daysLeft: number | null;
}

/** The chance with which experiments are planned. */
const POWER = 0.8;

/** Null where no effect is declared, or nothing was measured that units could be reckoned from. */
export async function progressOf(
  connection: DuckDBConnection,
  { experiment, asOfMs }: AnalysisScope,
  measured: readonly MeasuredMetric[],
): Promise<ExperimentProgress | null> {
  const effect = experiment.metrics?.effect;
  const arms = measured.find(({ planned }) => planned.role === 'primary')?.measured.arms ?? [];
  const [control] = arms;
  if (effect === undefined || control === undefined || control.moments.n < 2) return null;
  const [recent] = await rowsOf<{ units: number; days: number | null }>(connection, recentUnitsSql(asOfMs));
  const unitsPerDay = recent?.days == null ? 0 : recent.units / recent.days;
  const [first, ...others] = experiment.variants;
  const { mean, variance } = control.moments;
  const weighty = others.filter(({ weight }) => weight > 0);
  if (first === undefined || first.weight === 0 || weighty.length === 0 || mean * variance === 0) return null;
  const needed = weighty.map(({ weight }) =>
    unitsForOneLook(
      planOf({ power: POWER, standardDeviation: Math.sqrt(variance), weights: [first.weight, weight] }),
      effect * mean,
    ),
  );
  const units = arms.reduce((sum, { moments }) => sum + moments.n, 0);
  const unitsNeeded = Math.max(...needed);
  const daysLeft = expectedDays(Math.max(0, unitsNeeded - units), unitsPerDay);
  return { effect, power: POWER, units, unitsNeeded, unitsPerDay, daysLeft };
}

import type { DuckDBConnection } from '@duckdb/node-api';
import type { PlannedComparison } from '../../experiments/analysis/planned-comparison.ts';
import { expectedDays, type Plan } from '../../experiments/analysis/power.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { FULL_SHARE_BP } from '../../experiments/key.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { LakeDigest } from './digest/lake-digest.ts';
import { loadExperiment } from './experiment-tables.ts';
import { ALPHA, ALWAYS_VALID, measureMetrics } from './measure-metrics.ts';
import { metricPlan } from './metric-plan.ts';
import type { Planner } from './planner.ts';
import type { PowerResults } from './schema/power-schema.ts';
import { type Dialect, duckDbDialect } from './sql/dialect.ts';
import { DAY_MS } from './sql/tallies.ts';

export interface PowerRequest {
  readonly experiment: Experiment;
  /** Others at the same endpoint, with the same unit: where this one has no units yet, theirs are taken. */
  readonly others: readonly Experiment[];
  readonly metrics: readonly Metric[];
  /** Relative: 0.05 is five percent more or less than the control. */
  readonly effect: number;
  /** Chance to see the effect if it is there. */
  readonly power: number;
  readonly asOfMs: number;
}

const RECENT_DAYS = 14;
const HORIZONS_DAYS = [7, 14, 28];

type Basis = NonNullable<PowerResults['basis']>;

/**
 * Sample size, duration and detectable effect of an experiment's primary metric, as it will be analysed (its cap, its
 * covariate), from the units that were really seen. Throws RangeError without a primary metric, Problem
 * `analysis-busy`, ObjectStoreError when the lake cannot be read.
 */
export async function planExperiment(
  { digest, planner }: { readonly digest: LakeDigest; readonly planner: Planner },
  request: PowerRequest,
): Promise<PowerResults> {
  const { experiment, effect, power } = request;
  const metric = experiment.metrics?.primary;
  if (metric === undefined) throw new RangeError('the experiment has no primary metric');
  const dialect = duckDbDialect(digest.lakeUris);
  const basis = await digest.withCurrent((connection) => basisOf(connection, request, dialect));
  const variants = basis === null ? [] : await plannedVariants(planner, request, basis);
  return { metric, effect, power, alpha: ALPHA, basis, variants };
}

async function plannedVariants(
  planner: Planner,
  { experiment, effect, power }: PowerRequest,
  { mean, standardDeviation, unitsPerDay }: Basis,
): Promise<PowerResults['variants']> {
  const [control, ...others] = experiment.variants;
  if (control === undefined || control.weight === 0 || mean * standardDeviation === 0) return [];
  const weighty = others.filter(({ weight }) => weight > 0);
  // Variants of one weight take the same.
  const weights = [...new Set(weighty.map(({ weight }) => weight))];
  const horizons = unitsPerDay === 0 ? [] : HORIZONS_DAYS.map((days) => days * unitsPerDay);
  const planned = await planner.plan(
    weights.map((weight) => ({
      plan: planOf({ power, standardDeviation, weights: [control.weight, weight] }),
      effect: Math.abs(effect * mean),
      horizons,
    })),
  );
  return weighty.flatMap(({ key, weight }) => {
    const found = planned[weights.indexOf(weight)];
    return found === undefined ? [] : [plannedVariant(key, found, { mean, unitsPerDay })];
  });
}

function plannedVariant(
  variant: string,
  { units, detectable }: PlannedComparison,
  { mean, unitsPerDay }: Pick<Basis, 'mean' | 'unitsPerDay'>,
): PowerResults['variants'][number] {
  return {
    variant,
    units,
    days: {
      fixed: expectedDays(units.fixed, unitsPerDay),
      alwaysValid: expectedDays(units.alwaysValid, unitsPerDay),
      expected: expectedDays(units.expected, unitsPerDay),
    },
    detectable: detectable.map((difference, index) => ({
      days: HORIZONS_DAYS[index] ?? 0,
      effect: difference / Math.abs(mean),
    })),
  };
}

/** One variant beside the control, by the spread that the metric has in the control. */
export function planOf({
  power,
  standardDeviation,
  weights: [control, variant],
}: {
  readonly power: number;
  readonly standardDeviation: number;
  readonly weights: readonly [control: number, variant: number];
}): Plan {
  return {
    alpha: ALPHA,
    power,
    variances: [standardDeviation ** 2, standardDeviation ** 2],
    shares: [control / FULL_SHARE_BP, variant / FULL_SHARE_BP],
    tunedAt: ALWAYS_VALID.tunedAt,
  };
}

/** The experiment's own control once it has units, else all units of another one at the endpoint. */
async function basisOf(
  connection: DuckDBConnection,
  { experiment, others, metrics, asOfMs }: PowerRequest,
  dialect: Dialect,
): Promise<PowerResults['basis']> {
  for (const candidate of [experiment, ...others]) {
    // Its own population, this one's question.
    const measuredAs: Experiment = { ...candidate, metrics: experiment.metrics };
    const plan = metricPlan(measuredAs, metrics, dialect);
    const scope = { experiment: measuredAs, revision: 2 ** 31 - 1, asOfMs };
    const loaded = await loadExperiment(connection, scope, { tallies: plan.tallies, dialect });
    const [primary] = await measureMetrics(connection, scope, {
      plan: { ...plan, metrics: plan.metrics.filter(({ role }) => role === 'primary') },
      dialect,
      loaded,
    });
    const [recent] = await rowsOf<{ units: number; days: number }>(connection, recentUnitsSql(asOfMs));
    for (const [kind, name] of [
      ['TABLE', 'tally'],
      ['TABLE', 'unit'],
      ['TABLE', 'exposure_count'],
      ['VIEW', 'outcome'],
      ['VIEW', 'exposure'],
      ['VIEW', 'numbered_exposure'],
      ['TABLE', 'exposure_cell'],
    ]) {
      await connection.run(`DROP ${kind} ${name}`);
    }
    const moments = primary?.measured.arms.map((arm) => arm.moments).find(({ n }) => n > 1);
    if (moments === undefined || recent === undefined) continue;
    return {
      experiment: candidate.key,
      units: moments.n,
      unitsPerDay: (recent.units / recent.days) * (experiment.allocation / Math.max(1, candidate.allocation)),
      mean: moments.mean,
      standardDeviation: Math.sqrt(moments.variance),
    };
  }
  return null;
}

/** Units first seen lately, and over how many days of them anything was seen; null days without any. */
export const recentUnitsSql = (asOfMs: number) => `
  SELECT count(*)::DOUBLE AS units,
    least(${RECENT_DAYS}, greatest(1, (${asOfMs} - min(first_ms)) / ${DAY_MS}))::DOUBLE AS days
  FROM unit WHERE first_ms > ${asOfMs - RECENT_DAYS * DAY_MS}`;

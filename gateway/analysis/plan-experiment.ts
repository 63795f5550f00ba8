import type { DuckDBConnection } from '@duckdb/node-api';
import { detectableEffect, expectedDays, type Plan, unitsNeeded } from '../../experiments/analysis/power.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { FULL_SHARE_BP } from '../../experiments/key.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { LakeDigest } from './digest/lake-digest.ts';
import { loadExperiment } from './experiment-tables.ts';
import { ALPHA, ALWAYS_VALID, measureMetrics } from './measure-metrics.ts';
import { metricPlan } from './metric-plan.ts';
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

export interface PowerResults {
  readonly metric: string;
  readonly effect: number;
  readonly power: number;
  readonly alpha: number;
  /** Where the numbers come from; null where no unit was ever seen at the endpoint, and nothing can be said. */
  readonly basis: {
    /** Key of the experiment whose units they are. */
    readonly experiment: string;
    readonly units: number;
    /** New units a day, of the last 14 days, at this experiment's allocation. */
    readonly unitsPerDay: number;
    readonly mean: number;
    readonly standardDeviation: number;
  } | null;
  readonly variants: readonly PlannedVariant[];
}

interface PlannedVariant {
  readonly variant: string;
  /** Units of all variants: at one look at the end, and with looks at any time; `expected`: on average, as it ends early. */
  readonly units: { readonly fixed: number; readonly alwaysValid: number; readonly expected: number };
  readonly days: {
    readonly fixed: number | null;
    readonly alwaysValid: number | null;
    readonly expected: number | null;
  };
  /** The smallest relative effect that so many days will most likely show, looking at any time. */
  readonly detectable: readonly { readonly days: number; readonly effect: number }[];
}

const RECENT_DAYS = 14;
const HORIZONS_DAYS = [7, 14, 28];

/**
 * Sample size, duration and detectable effect of an experiment's primary metric, as it will be analysed (its cap, its
 * covariate), from the units that were really seen. Throws RangeError without a primary metric.
 */
export function planExperiment(digest: LakeDigest, request: PowerRequest): Promise<PowerResults> {
  const { experiment, effect, power } = request;
  const metric = experiment.metrics?.primary;
  if (metric === undefined) throw new RangeError('the experiment has no primary metric');
  const dialect = duckDbDialect(digest.lakeUris);
  return digest.withCurrent(async (connection) => {
    const basis = await basisOf(connection, request, dialect);
    return {
      metric,
      effect,
      power,
      alpha: ALPHA,
      basis,
      variants: basis === null || basis.mean === 0 ? [] : plannedVariants(request, basis),
    };
  });
}

function plannedVariants(
  { experiment, effect, power }: PowerRequest,
  { mean, standardDeviation, unitsPerDay }: NonNullable<PowerResults['basis']>,
): PlannedVariant[] {
  const [control, ...others] = experiment.variants;
  if (control === undefined || control.weight === 0 || standardDeviation === 0) return [];
  return others
    .filter(({ weight }) => weight > 0)
    .map(({ key, weight }) => {
      const plan = planOf({ power, standardDeviation, weights: [control.weight, weight] });
      const units = unitsNeeded(plan, Math.abs(effect * mean));
      return {
        variant: key,
        units,
        days: {
          fixed: expectedDays(units.fixed, unitsPerDay),
          alwaysValid: expectedDays(units.alwaysValid, unitsPerDay),
          expected: expectedDays(units.expected, unitsPerDay),
        },
        detectable:
          unitsPerDay === 0
            ? []
            : HORIZONS_DAYS.map((days) => ({
                days,
                effect: detectableEffect(plan, days * unitsPerDay).alwaysValid / Math.abs(mean),
              })),
      };
    });
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

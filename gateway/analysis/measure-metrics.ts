import type { DuckDBConnection } from '@duckdb/node-api';
import { compareArms } from '../../experiments/analysis/comparison.ts';
import { correctFamilies } from '../../experiments/analysis/families.ts';
import type { Method } from '../../experiments/analysis/method.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { withVarianceFloor } from '../../experiments/analysis/moments.ts';
import type { Metric } from '../../experiments/metric.ts';
import { type AnalysisScope, isAdaptive, type LoadedExperiment } from './experiment-tables.ts';
import { type ExplainedMetric, type Explanation, explainMetric } from './explain-metric.ts';
import { isShare, type MeasuredArms, measureArms } from './measure-arms.ts';
import { measureQuantile } from './measure-quantile.ts';
import type { MetricPlan, PlannedMetric } from './metric-plan.ts';
import type { Dialect } from './sql/dialect.ts';
import { momentsSql, unitValueSql } from './sql/unit-query.ts';

export const ALPHA = 0.05;
/** Tightest at 5,000 units: small effects are seen early without giving up much later. */
export const ALWAYS_VALID: Extract<Method, { kind: 'always-valid' }> = {
  kind: 'always-valid',
  tunedAt: 5_000,
};

/** A metric's result with what it is. */
export interface ReportedMetric extends MetricResult {
  readonly definition: Metric;
  /** Share of the variance that the covariate took out; null without one. */
  readonly varianceReduction: number | null;
  readonly explanation: Explanation;
}

export interface MeasuredMetric {
  readonly planned: PlannedMetric;
  readonly measured: MeasuredArms;
}

export interface Measuring {
  readonly plan: MetricPlan;
  readonly dialect: Dialect;
  readonly loaded: LoadedExperiment;
  /** A condition on `u`: of the analysed units only these. */
  readonly only?: string;
}

/** Measures each metric over the tables of this connection. */
export async function measureMetrics(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  measuring: Measuring,
): Promise<MeasuredMetric[]> {
  const metrics: MeasuredMetric[] = [];
  for (const planned of measuring.plan.metrics) {
    metrics.push({ planned, measured: await measure(connection, scope, { ...measuring, planned }) });
  }
  return metrics;
}

async function measure(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  { planned: { metric, values }, dialect, loaded, only }: Measuring & { readonly planned: PlannedMetric },
): Promise<MeasuredArms> {
  const { experiment, asOfMs } = scope;
  const variants = experiment.variants.map(({ key }) => key);
  const restriction = only === undefined ? {} : { only };
  if (values === null) {
    return measureQuantile(connection, metric, {
      variants,
      dialect,
      epoch: loaded.epochs.length - 1,
      ...restriction,
    });
  }
  const perUnit = unitValueSql(metric, values, { dialect, asOfMs, ...restriction });
  return measureArms(connection, {
    metric,
    sql: momentsSql(perUnit, values, ['epoch']),
    variants,
    epochs: loaded.epochs,
    adaptive: isAdaptive(scope),
  });
}

/** What a method makes of the measured metrics, each family corrected for being several. */
export function resultsBy(
  method: Method,
  metrics: readonly MeasuredMetric[],
  scope: AnalysisScope,
): MetricResult[] {
  return correctFamilies(metrics.map((metric) => metricResult(metric, scope, method)));
}

/** The same with definitions, and in words. */
export function reported(
  results: readonly MetricResult[],
  metrics: readonly MeasuredMetric[],
  made: Pick<ExplainedMetric, 'unit' | 'estimator' | 'periods'>,
): ReportedMetric[] {
  return metrics.flatMap(({ planned: { metric, role }, measured: { varianceReduction } }) => {
    const result = results.find(({ key }) => key === metric.key);
    const explanation = explainMetric({ ...made, metric, role, varianceReduction });
    return result === undefined ? [] : [{ ...result, definition: metric, varianceReduction, explanation }];
  });
}

function metricResult(
  { planned: { metric, role }, measured: { arms, sharedVariance } }: MeasuredMetric,
  { experiment }: AnalysisScope,
  method: Method,
): MetricResult {
  const compared = isShare(metric)
    ? arms.map((arm) => ({ ...arm, moments: withVarianceFloor(arm.moments) }))
    : arms;
  const [control, ...others] = compared;
  const weights = new Map(experiment.variants.map(({ key, weight }) => [key, weight]));
  return {
    key: metric.key,
    role,
    kind: isShare(metric) ? 'proportion' : 'mean',
    direction: metric.direction,
    variants: arms.map(({ key, moments: { n, mean, variance } }) => ({
      key,
      n,
      mean,
      standardDeviation: Math.sqrt(variance),
    })),
    comparisons:
      control === undefined
        ? []
        : others
            .filter(({ key }) => (weights.get(key) ?? 0) > 0)
            .map((variant) => compareArms(control, variant, { alpha: ALPHA, method, sharedVariance })),
  };
}

import type { DuckDBConnection } from '@duckdb/node-api';
import { compareArms } from '../../experiments/analysis/comparison.ts';
import type { Method } from '../../experiments/analysis/method.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { withVarianceFloor } from '../../experiments/analysis/moments.ts';
import type { AnalysisScope } from './experiment-tables.ts';
import { isShare, type MeasuredArms, measureArms } from './measure-arms.ts';
import { measureQuantile } from './measure-quantile.ts';
import type { MetricPlan, PlannedMetric } from './metric-plan.ts';
import type { Dialect } from './sql/dialect.ts';
import { momentsSql, unitValueSql } from './sql/unit-query.ts';

const ALPHA = 0.05;
/** Tightest at 5,000 units: small effects are seen early without giving up much later. */
const ALWAYS_VALID: Method = { kind: 'always-valid', tunedAt: 5_000 };

/** Measures each metric over the tables of this connection. */
export async function measureMetrics(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  { plan, dialect }: { readonly plan: MetricPlan; readonly dialect: Dialect },
): Promise<MetricResult[]> {
  const results: MetricResult[] = [];
  for (const planned of plan.metrics) {
    const measured = await measure(connection, scope, { ...planned, dialect });
    results.push(metricResult(planned, scope, measured));
  }
  return results;
}

async function measure(
  connection: DuckDBConnection,
  { experiment, asOfMs }: AnalysisScope,
  { metric, values, dialect }: PlannedMetric & { readonly dialect: Dialect },
): Promise<MeasuredArms> {
  const variants = experiment.variants.map(({ key }) => key);
  if (values === null) return measureQuantile(connection, metric, { variants, dialect });
  const sql = momentsSql(unitValueSql(metric, values, { dialect, asOfMs }), values);
  return measureArms(connection, { metric, sql, variants });
}

function metricResult(
  { metric, role }: PlannedMetric,
  { experiment }: AnalysisScope,
  { arms, sharedVariance }: MeasuredArms,
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
            .map((variant) =>
              compareArms(control, variant, { alpha: ALPHA, method: ALWAYS_VALID, sharedVariance }),
            ),
  };
}

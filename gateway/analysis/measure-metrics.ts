import type { DuckDBConnection } from '@duckdb/node-api';
import { compareArms } from '../../experiments/analysis/comparison.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { type Moments, proportionMoments, withVarianceFloor } from '../../experiments/analysis/moments.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { AnalysisScope } from './experiment-tables.ts';
import type { MetricPlan, PlannedMetric } from './metric-plan.ts';
import type { Dialect } from './sql/dialect.ts';
import { momentsSql, unitValueSql } from './sql/unit-query.ts';

/** 95 % intervals, tightest at 5,000 units: small effects are seen early without giving up much later. */
const SEQUENCE = { alpha: 0.05, tunedAt: 5_000 };

/** Measures each metric over the tables `unit` and `tally` of this connection. */
export async function measureMetrics(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  { plan, dialect }: { readonly plan: MetricPlan; readonly dialect: Dialect },
): Promise<MetricResult[]> {
  const results: MetricResult[] = [];
  for (const metric of plan.metrics) results.push(await measure(connection, scope, { ...metric, dialect }));
  return results;
}

async function measure(
  connection: DuckDBConnection,
  { experiment, asOfMs }: AnalysisScope,
  { metric, role, values, dialect }: PlannedMetric & { readonly dialect: Dialect },
): Promise<MetricResult> {
  const sql = momentsSql(unitValueSql(metric, values, { dialect, asOfMs }), values);
  const rows = await rowsOf<{ variant: string; n: bigint; y: number; yy: number }>(connection, sql);
  const moments = new Map(
    rows.map(({ variant, n, y, yy }) => [variant, { n: Number(n), mean: y, variance: yy }]),
  );
  const arms = experiment.variants.map(({ key, weight }) => {
    const found = moments.get(key) ?? { n: 0, mean: 0, variance: 0 };
    return {
      key,
      weight,
      moments: isBinary(metric) ? proportionMoments(found.mean * found.n, found.n) : found,
    };
  });
  const inference = isShare(metric) ? withVarianceFloor : (given: Moments) => given;
  const [control, ...others] = arms.map((arm) => ({ ...arm, moments: inference(arm.moments) }));
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
        : others.filter(({ weight }) => weight > 0).map((variant) => compareArms(control, variant, SEQUENCE)),
  };
}

/** Exactly 0 or 1 for each unit, so that the variance follows from the mean. */
function isBinary({ kind }: Metric): boolean {
  return kind === 'proportion' || kind === 'retention';
}

/** Every unit's value lies in [0, 1]. */
function isShare(metric: Metric): boolean {
  return isBinary(metric) || (metric.kind === 'mean' && ['error', 'fallback'].includes(metric.value ?? ''));
}

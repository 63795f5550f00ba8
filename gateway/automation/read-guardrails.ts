import { isBreached } from '../../experiments/analysis/guardrail.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';

/** Whether any guardrail is breached for any variant. */
export function anyBreached(metrics: readonly MetricResult[]): boolean {
  return metrics.some(
    (metric) =>
      metric.role === 'guardrail' && metric.comparisons.some((comparison) => isBreached(metric, comparison)),
  );
}

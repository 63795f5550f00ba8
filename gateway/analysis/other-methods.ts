import { type Method, plannedLooks } from '../../experiments/analysis/method.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import type { AnalysisScope } from './experiment-tables.ts';
import { INTERVALS } from './explain-metric.ts';
import { ALPHA, type MeasuredMetric, resultsBy } from './measure-metrics.ts';

/** The metrics by a method that was asked for beside the always-valid one. */
export interface OtherMethod {
  readonly method: Method;
  /** How it makes an interval and a p, in words. */
  readonly interval: string;
  /** Of a group-sequential one: the looks so far; null of any other. */
  readonly plan: readonly PlannedLook[] | null;
  readonly metrics: readonly MetricResult[];
}

interface PlannedLook {
  /** Of the units planned. */
  readonly fraction: number;
  /** Of alpha, up to this look. */
  readonly spent: number;
  /** A difference of at least so many standard errors is called one; null while none may be. */
  readonly boundary: number | null;
}

export function byOtherMethod(
  method: Method,
  measured: readonly MeasuredMetric[],
  scope: AnalysisScope,
): OtherMethod {
  const looks = method.kind === 'group-sequential' ? plannedLooks(method, ALPHA) : null;
  const plan =
    looks?.map((look) => ({ ...look, boundary: Number.isFinite(look.boundary) ? look.boundary : null })) ??
    null;
  return {
    method,
    interval: INTERVALS[method.kind],
    plan,
    metrics: resultsBy(method, measured, scope),
  };
}

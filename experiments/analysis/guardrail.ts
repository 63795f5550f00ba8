import type { Comparison } from './comparison.ts';
import type { MetricResult } from './metric-result.ts';

/**
 * How much worse than the control a variant may be before its guardrail is breached: the larger of the two.
 * With enough traffic any difference is certain; one that nobody would notice should not stop a rollout.
 */
export interface Tolerance {
  /** In the metric's own unit. */
  readonly absolute: number;
  /** As a share of the control's mean. */
  readonly relative: number;
}

const NONE: Tolerance = { absolute: 0, relative: 0 };
const BUILT_IN: Readonly<Record<string, Tolerance>> = {
  'error-rate': { absolute: 0.001, relative: 0 },
  latency: { absolute: 10, relative: 0.1 },
};

/** What a guardrail of that key tolerates; nothing unless it is built in. */
export function toleranceOf(key: string): Tolerance {
  return BUILT_IN[key] ?? NONE;
}

/** Whether the whole interval lies beyond what the guardrail tolerates, on the bad side. */
export function isBreached(guardrail: MetricResult, { absolute, control }: Comparison): boolean {
  if (absolute.interval === null) return false;
  const [low, high] = absolute.interval;
  const leastHarm = guardrail.direction === 'increase' ? -high : low;
  const { absolute: amount, relative } = toleranceOf(guardrail.key);
  const controlMean = guardrail.variants.find(({ key }) => key === control)?.mean ?? 0;
  return leastHarm > Math.max(amount, relative * Math.abs(controlMean));
}

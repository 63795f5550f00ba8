import { type Comparison, compareArms } from '../../experiments/analysis/comparison.ts';
import type { Method } from '../../experiments/analysis/method.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import type { Moments } from '../../experiments/analysis/moments.ts';

type Given = Partial<Pick<MetricResult, 'key' | 'role' | 'kind' | 'direction'>> & {
  /** By variant, the control first. */
  readonly moments: Readonly<Record<string, Moments>>;
  readonly method?: Method;
};

const ALWAYS_VALID: Method = { kind: 'always-valid', tunedAt: 5_000 };

/** A metric measured with these moments: an increasing primary proportion unless said otherwise. */
export function metricResult({ moments, method = ALWAYS_VALID, ...fields }: Given): MetricResult {
  const [control, ...others] = Object.entries(moments).map(([key, value]) => ({ key, moments: value }));
  if (control === undefined) throw new Error('a metric needs a control');
  const comparisons: Comparison[] = others.map((arm) => compareArms(control, arm, { alpha: 0.05, method }));
  return {
    key: 'top-rating',
    role: 'primary',
    kind: 'proportion',
    direction: 'increase',
    variants: [control, ...others].map(({ key, moments: { n, mean, variance } }) => ({
      key,
      n,
      mean,
      standardDeviation: Math.sqrt(variance),
    })),
    comparisons,
    ...fields,
  };
}

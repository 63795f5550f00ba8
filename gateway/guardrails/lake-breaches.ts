import type { Comparison } from '../../experiments/analysis/comparison.ts';
import { effectText } from '../../experiments/analysis/effect-text.ts';
import { toleranceOf } from '../../experiments/analysis/guardrail.ts';
import type { GuardrailReading } from '../../experiments/analysis/guardrail-reading.ts';
import { meanGuardrail } from '../../experiments/analysis/mean-guardrail.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { withVarianceFloor } from '../../experiments/analysis/moments.ts';

/**
 * Chance that the lake ever halts a variant of an experiment that does no harm, over all its guardrails, variants and
 * looks together. The verdict calls a breach by each interval by itself; what acts without being asked is stricter.
 */
const LAKE_ALPHA = 0.05;
/** Units, over both variants, at which the test is the most sensitive. */
const TUNED_AT = 5_000;

export interface LakeBreach {
  readonly variant: string;
  readonly guardrail: string;
  readonly reason: string;
}

/** Every variant that by these results is surely worse than the control by more than a guardrail tolerates. */
export function lakeBreaches(metrics: readonly MetricResult[]): LakeBreach[] {
  const guardrails = metrics.filter(({ role }) => role === 'guardrail');
  const tests = guardrails.reduce((sum, { variants }) => sum + Math.max(1, variants.length - 1), 0);
  return guardrails.flatMap((metric) =>
    metric.comparisons.flatMap((comparison) => {
      const reading = readingOf(metric, comparison, LAKE_ALPHA / tests);
      if (!reading.breached) return [];
      const reason = `${effectText(metric, comparison)}, over the records of all gateways: more than is tolerated (always-valid p = ${reading.p.toExponential(1)}).`;
      return [{ variant: comparison.variant, guardrail: metric.key, reason }];
    }),
  );
}

function readingOf(metric: MetricResult, { control, variant }: Comparison, alpha: number): GuardrailReading {
  const momentsOf = (key: string) => {
    const arm = metric.variants.find((each) => each.key === key);
    const moments = {
      n: arm?.n ?? 0,
      mean: arm?.mean ?? 0,
      variance: (arm?.standardDeviation ?? 0) ** 2,
    };
    return metric.kind === 'proportion' ? withVarianceFloor(moments) : moments;
  };
  const test = { control: momentsOf(control), variant: momentsOf(variant), tunedAt: TUNED_AT };
  return meanGuardrail({ ...test, direction: metric.direction }, toleranceOf(metric.key), alpha);
}

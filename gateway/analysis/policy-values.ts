import { type OffPolicyValue, offPolicyValue } from '../../experiments/analysis/off-policy.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { FULL_SHARE_BP } from '../../experiments/key.ts';
import { type AnalysisScope, isAdaptive } from './experiment-tables.ts';
import { ALPHA, type MeasuredMetric } from './measure-metrics.ts';
import { type EpochArms, hasEveryUnit } from './over-epochs.ts';

/** By variant, basis points that sum to 10,000. */
export type Weighting = Readonly<Record<string, number>>;

/** What the metrics would have been under a weighting that was not run. */
export interface PolicyValues {
  readonly weights: Weighting;
  readonly alpha: number;
  readonly metrics: readonly MetricPolicyValue[];
}

interface MetricPolicyValue {
  readonly metric: string;
  /** The metric's mean over all units as they were assigned; null with `value`. */
  readonly asRun: number | null;
  /** Null where it cannot be told: `reason` says why. */
  readonly value: OffPolicyValue | null;
  readonly reason: string | null;
}

/** Of every metric that is a mean over all units. */
export function policyValues(
  weights: Weighting,
  measured: readonly MeasuredMetric[],
  scope: AnalysisScope,
): PolicyValues {
  return {
    weights,
    alpha: ALPHA,
    metrics: measured.map((metric) => ({
      metric: metric.planned.metric.key,
      ...policyValueOf(weights, metric, scope),
    })),
  };
}

function policyValueOf(
  weights: Weighting,
  { planned: { metric }, measured }: MeasuredMetric,
  scope: AnalysisScope,
): Omit<MetricPolicyValue, 'metric'> {
  const untold = (reason: string) => ({ asRun: null, value: null, reason });
  if (!hasEveryUnit(metric))
    return untold(
      'It is not a mean over all units, so units of one variant cannot stand for those of another.',
    );
  const keys = scope.experiment.variants.map(({ key }) => key);
  const supported = measured.strata.filter(({ arms }) =>
    keys.every((key, index) => (weights[key] ?? 0) === 0 || (arms[index]?.n ?? 0) > 0),
  );
  const value = offPolicyValue(
    supported.flatMap((stratum) => cellsOf(stratum, weights, scope.experiment)),
    ALPHA,
  );
  if (value === null) return untold('At no time did every variant of the weighting have units.');
  const arms = supported.flatMap((stratum) => stratum.arms);
  const units = unitsOf(supported);
  const left = unitsOf(measured.strata) - units;
  const notes = [
    ...(left === 0 ? [] : [`${left.toLocaleString('en')} units of times without some variant are left out.`]),
    ...(isAdaptive(scope) ? ['The weights followed the outcomes: read the inverse-propensity value.'] : []),
  ];
  return {
    asRun: arms.reduce((sum, { n, mean }) => sum + (n * mean) / units, 0),
    value: { ...value, warnings: [...value.warnings, ...notes] },
    reason: null,
  };
}

function cellsOf({ epoch, weights, arms }: EpochArms, wanted: Weighting, { variants }: Experiment) {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return variants.flatMap(({ key }, index) => {
    const moments = arms[index];
    const propensity = (weights[index] ?? 0) / whole;
    if (moments === undefined || propensity === 0) return [];
    return [
      { arm: key, stratum: String(epoch), propensity, target: (wanted[key] ?? 0) / FULL_SHARE_BP, moments },
    ];
  });
}

const unitsOf = (strata: readonly EpochArms[]) =>
  strata.reduce((sum, { arms }) => sum + arms.reduce((own, { n }) => own + n, 0), 0);

import type { Comparison } from '../../experiments/analysis/comparison.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import type { Metric } from '../../experiments/metric.ts';
import { metricSentence } from '../../experiments/metric-sentence.ts';
import type { Estimator } from './over-epochs.ts';

/** Where a metric's numbers come from, in plain words. */
export interface Explanation {
  /** What is measured. */
  readonly measures: string;
  /** How each variant's mean and its error are made. */
  readonly estimate: string;
  /** How a difference becomes an interval and a p. */
  readonly interval: string;
  /** Against the chance that one of several looks like an effect. */
  readonly correction: string;
  /** JSON pointer into the results: the SQL that gives what the estimate is made of. */
  readonly query: string;
}

export interface ExplainedMetric {
  readonly metric: Metric;
  readonly role: MetricResult['role'];
  readonly unit: string;
  readonly estimator: Estimator;
  readonly periods: number;
  readonly varianceReduction: number | null;
}

export function explainMetric(explained: ExplainedMetric): Explanation {
  const { metric, role, unit } = explained;
  return {
    measures: metricSentence(metric, unit),
    estimate: estimateText(explained),
    interval: INTERVALS['always-valid'],
    correction: CORRECTIONS[role],
    query: `#/queries/${metric.key}`,
  };
}

/** How each method makes an interval and a p of a difference. */
export const INTERVALS: Readonly<Record<Comparison['method'], string>> = {
  'always-valid':
    'Asymptotic confidence sequence at 95 %, right at every look together (Waudby-Smith and others 2021); of a proportion the exact one stands beside it.',
  'fixed-horizon': "Welch's t at 95 %, right at one look that was planned.",
  'group-sequential':
    "Repeated interval at 95 %, right at the planned looks together (Lan and DeMets 1983, O'Brien and Fleming's spending).",
  bayesian: 'Credible interval at 95 %, given the prior on the lift; nothing about false alarms.',
};

const CORRECTIONS: Readonly<Record<MetricResult['role'], string>> = {
  primary: 'p corrected over the variants (Holm 1979): that none is called different by chance.',
  secondary:
    'p corrected over metrics and variants (Benjamini and Hochberg 1995): a share of what is called different may be chance.',
  guardrail: 'p not corrected: a missed harm costs more than an alarm too many.',
};

function estimateText({ metric, unit, estimator, periods, varianceReduction }: ExplainedMetric): string {
  if (metric.kind === 'quantile')
    return `As assigned, of the current period of constant weights. Error by the density of the values around it, clustered by ${unit} (Bahadur 1966; Deng, Knoblich and Lu 2018).`;
  const kind = metric.kind === 'ratio' ? ` Error by the delta method, clustered by ${unit}.` : '';
  const adjusted =
    metric.covariate === undefined
      ? ''
      : ` Adjusted by the same of the ${metric.covariate.days} days before the first exposure (CUPED: Deng, Xu, Kohavi and Walker 2013)${
          varianceReduction === null
            ? ''
            : `, which took ${Math.round(100 * varianceReduction)} % off the variance`
        }.`;
  return `${ESTIMATORS[estimator](unit, periods)}${kind}${adjusted}`;
}

const ESTIMATORS: Readonly<Record<Estimator, (unit: string, periods: number) => string>> = {
  plain: (unit) => `Mean over the variant's ${unit}s, as assigned.`,
  stratified: (unit, periods) =>
    `Mean over the variant's ${unit}s, as assigned, within each of ${periods} periods of constant weights, the periods weighing the same for every variant (Mantel and Haenszel 1959).`,
  adaptive: (unit, periods) =>
    `Mean over all ${unit}s by the chance of each to get the variant, over ${periods} periods, since the weights followed the outcomes (Hadad and others 2021).`,
};

import type { Comparison, MetricResult, Results } from '../../../api/results.ts';
import type { Explanation } from '../../../parts/explanation.ts';
import { count, figure, signedFigure, signedPercent } from '../../../parts/format.ts';

const KINDS: Readonly<Record<string, string>> = {
  proportion: 'share of units with at least one',
  mean: "mean over units of each unit's mean value of",
  sum: "mean over units of each unit's total of",
  count: "mean over units of each unit's number of",
  ratio: 'total over total of',
  quantile: 'quantile of the values of',
  retention: 'share of units that come back with',
};

/** What a metric measures, in one sentence. */
export function definitionOf({ definition, direction }: MetricResult): string {
  if (definition === undefined) return '';
  const { source, kind, event, value, quantile, description } = definition;
  const what = source === 'gateway' ? `${value ?? ''} of the gateway's own records` : (event ?? '');
  const which = quantile === undefined ? '' : ` (${quantile})`;
  const better = direction === 'increase' ? 'Higher is better.' : 'Lower is better.';
  const own = description === undefined ? '' : ` ${description}`;
  return `${sentence(`${KINDS[kind] ?? kind}${which} ${what}`)}. ${better}${own}`;
}

/** The value of one variant. */
export function explainValue(results: Results, metric: MetricResult, variant: string): Explanation {
  const found = metric.variants.find(({ key }) => key === variant);
  return {
    title: `${metric.key} of ${variant}`,
    definition: definitionOf(metric),
    method: `Mean over ${count(found?.n ?? 0)} units, standard deviation ${figure(found?.standardDeviation ?? 0)}.${adjustment(metric)}`,
    ...queryOf(results, metric),
  };
}

/** Variant minus control, in the metric's own unit. */
export function explainDifference(
  results: Results,
  metric: MetricResult,
  { variant, control, absolute: { interval } }: Comparison,
): Explanation {
  const bounds =
    interval === null ? 'nothing yet' : `${signedFigure(interval[0])} to ${signedFigure(interval[1])}`;
  return {
    title: `Difference of ${variant} from ${control}`,
    definition: `${metric.key} of ${variant} minus that of ${control}. ${definitionOf(metric)}`,
    method: `Always-valid interval: ${bounds}. ${ALWAYS_VALID}`,
    ...queryOf(results, metric),
  };
}

export function explainLift(
  results: Results,
  metric: MetricResult,
  { variant, control, lift }: Comparison,
): Explanation {
  const interval = lift?.interval ?? null;
  const bounds =
    interval === null ? 'nothing yet' : `${signedPercent(interval[0])} to ${signedPercent(interval[1])}`;
  return {
    title: `Lift of ${variant} over ${control}`,
    definition: `By how much ${metric.key} of ${variant} differs, as a share of that of ${control}. ${definitionOf(metric)}`,
    method: `Always-valid interval: ${bounds}, by the delta method; Fieller's near a control of 0. ${ALWAYS_VALID}`,
    ...queryOf(results, metric),
  };
}

export function explainP(results: Results, metric: MetricResult, { p, adjustedP }: Comparison): Explanation {
  const family = {
    primary: "Holm's correction over the variants",
    secondary: "Benjamini and Hochberg's correction over metrics and variants",
    guardrail: 'no correction: a missed harm costs more than an alarm too many',
  }[metric.role];
  const both =
    adjustedP === undefined ? '' : ` ${p.toPrecision(3)} before, ${adjustedP.toPrecision(3)} after it.`;
  return {
    title: `p of ${metric.key}`,
    definition:
      'The chance of a difference at least this clear at any look so far, if the variants were the same.',
    method: `Always-valid; ${family}.${both}`,
    ...queryOf(results, metric),
  };
}

const ALWAYS_VALID =
  'A confidence sequence at 95 %: right at every look together, so peek as you like (Waudby-Smith and others 2021).';

function adjustment({ definition }: MetricResult): string {
  const days = definition?.covariate?.days;
  return days === undefined ? '' : ` Adjusted by the ${days} days before the first exposure (CUPED).`;
}

function queryOf({ queries }: Results, { key }: MetricResult): { readonly query?: string } {
  const query = queries[key];
  return query === undefined ? {} : { query };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

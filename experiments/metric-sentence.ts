import type { Metric, OutcomeFilter } from './metric.ts';

/** What a metric measures, in one or two plain sentences: `Share of users with at least one "rated" of at least 8.` */
export function metricSentence(metric: Metric, unit: string): string {
  const sentences = [measured(metric, unit), better(metric), capped(metric, unit)];
  return sentences.filter((sentence) => sentence !== null).join(' ');
}

function measured(metric: Metric, unit: string): string {
  const units = `${unit}s`;
  const what = metric.source === 'gateway' ? answers(metric) : outcomes(metric);
  const when = metric.source === 'gateway' ? '' : windowText(metric);
  switch (metric.kind) {
    case 'proportion':
      return `Share of ${units} with at least one ${what.one}${when}.`;
    case 'retention':
      return `Share of ${units} with at least one ${what.one}${when}, of those whose window is over.`;
    case 'count':
      return `Number of ${what.many} per ${unit}${when}; none counts as 0.`;
    case 'sum':
      return `${what.total} per ${unit}${when}; none counts as 0.`;
    case 'mean': {
      const none = metric.missing === 'zero' ? 'counts as 0' : 'is left out';
      return `Mean over ${units} of the ${unit}'s mean ${what.value}${when}; a ${unit} without one ${none}.`;
    }
    case 'ratio':
      return `${ratioText(metric)}, all ${units} together${when}.`;
    case 'quantile':
      return `The ${ordinal(100 * (metric.quantile ?? 0.5))} percentile of every ${what.value}, all ${units} together${when}.`;
  }
}

/** What is measured of each record, and what its sum is. */
interface Measurand {
  readonly one: string;
  readonly many: string;
  readonly value: string;
  readonly total: string;
}

function outcomes({ event = '', filter, threshold }: Metric): Measurand {
  const which = `"${event}"${filterText(filter, threshold)}`;
  return { one: which, many: which, value: `value of ${which}`, total: `Total value of ${which}` };
}

function answers({ value = 'latency' }: Metric): Measurand {
  switch (value) {
    case 'latency':
      return {
        one: 'answer',
        many: 'answers',
        value: 'latency of the answers, in ms',
        total: 'Total latency of the answers, in ms,',
      };
    case 'cost':
      return {
        one: 'answer with a price',
        many: 'answers with a price',
        value: 'cost of the answers',
        total: 'Total cost of the answers',
      };
    case 'error':
      return ofSome('answer that was an error', 'answers that were errors');
    case 'fallback':
      return ofSome(
        'answer by another target than the assigned one',
        'answers by another target than the assigned one',
      );
  }
}

/** What is 1 for some answers and 0 for the others. */
const ofSome = (one: string, many: string): Measurand => ({
  one,
  many: 'answers',
  value: `share of ${many}`,
  total: `Number of ${many}`,
});

function ratioText({ event = '', filter, numerator = 'sum', denominator }: Metric): string {
  const part = (of: 'sum' | 'count', name: string, which?: OutcomeFilter) =>
    `${of === 'sum' ? 'total value' : 'number'} of "${name}"${filterText(which)}`;
  const below = part(denominator?.of ?? 'count', denominator?.event ?? event, denominator?.filter);
  const above = part(numerator, event, filter);
  return `${above.charAt(0).toUpperCase()}${above.slice(1)} over the ${below}`;
}

const COMPARISONS = {
  eq: 'equal to',
  ne: 'other than',
  gt: 'above',
  gte: 'of at least',
  lt: 'below',
  lte: 'of at most',
} as const;

function filterText(filter: OutcomeFilter | undefined, threshold?: number): string {
  const value = { ...filter?.value, ...(threshold === undefined ? {} : { gte: threshold }) };
  const parts = Object.entries(COMPARISONS).flatMap(([name, words]) => {
    const bound = value[name as keyof typeof COMPARISONS];
    return bound === undefined ? [] : [`${words} ${bound}`];
  });
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}

function windowText({ window }: Metric): string {
  const { delayHours = 0, lengthHours } = window ?? {};
  if (lengthHours === undefined)
    return delayHours === 0
      ? ' since the first exposure'
      : ` from ${delayHours} hours after the first exposure on`;
  return delayHours === 0
    ? ` within ${lengthHours} hours of the first exposure`
    : ` from ${delayHours} to ${delayHours + lengthHours} hours after the first exposure`;
}

const better = ({ direction }: Metric) =>
  direction === 'increase' ? 'Higher is better.' : 'Lower is better.';

function capped({ cap }: Metric, unit: string): string | null {
  if (cap === undefined) return null;
  return 'value' in cap
    ? `What a ${unit} has above ${cap.value} counts as ${cap.value}.`
    : `What a ${unit} has above the ${ordinal(100 * cap.percentile)} percentile of all counts as that.`;
}

function ordinal(rank: number): string {
  const shown = Number(rank.toPrecision(6));
  const last = String(shown).at(-1) ?? '';
  const suffix = { '1': 'st', '2': 'nd', '3': 'rd' }[last] ?? 'th';
  return shown % 100 > 10 && shown % 100 < 14 ? `${shown}th` : `${shown}${suffix}`;
}

import { type Metric, metricSchema } from '../../experiments/metric.ts';

/** One metric of each kind and option, over the events `rated` and `bought`. */
export const EVERY_METRIC: readonly Metric[] = [
  { key: 'top', event: 'rated', kind: 'proportion', threshold: 8 },
  { key: 'mean-rating', event: 'rated', kind: 'mean' },
  { key: 'spend', event: 'bought', kind: 'sum', cap: { percentile: 0.9 } },
  { key: 'spend-adjusted', event: 'bought', kind: 'sum', covariate: { days: 7 } },
  {
    key: 'ratings',
    event: 'rated',
    kind: 'count',
    window: { delayHours: 1, lengthHours: 48 },
    cap: { value: 3 },
  },
  {
    key: 'per-rating',
    event: 'bought',
    kind: 'ratio',
    denominator: { event: 'rated' },
    covariate: { days: 3 },
  },
  { key: 'back', event: 'rated', kind: 'retention', window: { delayHours: 1, lengthHours: 100 } },
  { key: 'typical', event: 'rated', kind: 'quantile', quantile: 0.5, filter: { value: { gte: 1, ne: 5 } } },
  { key: 'slowest', source: 'gateway', value: 'latency', kind: 'quantile', quantile: 0.9 },
  { key: 'price', source: 'gateway', value: 'cost', kind: 'mean' },
  { key: 'dearest', source: 'gateway', value: 'cost', kind: 'quantile', quantile: 0.8 },
  { key: 'failures', source: 'gateway', value: 'error', kind: 'proportion' },
].map((definition) => metricSchema.parse(definition));

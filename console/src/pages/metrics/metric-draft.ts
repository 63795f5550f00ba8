import type { components } from '../../api/generated/openapi.ts';

export type MetricDraft = components['schemas']['Metric'];
export type MetricKind = MetricDraft['kind'];

/** Kinds by what they make of a unit's outcomes. */
export const KINDS: readonly { readonly value: MetricKind; readonly label: string }[] = [
  { value: 'proportion', label: 'Proportion: share of units with at least one' },
  { value: 'count', label: 'Count: how many a unit has' },
  { value: 'sum', label: 'Sum: total of a unit’s values' },
  { value: 'mean', label: 'Mean: of a unit’s values' },
  { value: 'ratio', label: 'Ratio: total over total' },
  { value: 'quantile', label: 'Quantile: of all values' },
  { value: 'retention', label: 'Retention: share of units that come back' },
];

/** Where a new metric begins. */
export const EMPTY_METRIC: MetricDraft = { key: '', event: '', kind: 'proportion' };

/** The same as another kind, with the fields that this kind needs and without those that mean nothing to it. */
export function asKind({ key, name, description, event, direction, ...rest }: MetricDraft, kind: MetricKind) {
  const common = {
    key,
    kind,
    event: event ?? '',
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(direction === undefined ? {} : { direction }),
    ...(rest.window === undefined ? {} : { window: rest.window }),
  };
  switch (kind) {
    case 'ratio':
      return { ...common, denominator: { event: event ?? '', of: 'count' as const } };
    case 'quantile':
      return { ...common, quantile: 0.95 };
    case 'retention':
      return { ...common, window: { delayHours: 24, lengthHours: 168 } };
    default:
      return common;
  }
}

import { z } from 'zod';
import { keySchema } from './key.ts';

/** Which outcomes count: every comparison that is given must hold. An outcome without a value meets none. */
const filterSchema = z.strictObject({
  value: z
    .strictObject({
      eq: z.number().optional(),
      ne: z.number().optional(),
      gt: z.number().optional(),
      gte: z.number().optional(),
      lt: z.number().optional(),
      lte: z.number().optional(),
    })
    .refine(
      (comparisons) => Object.keys(comparisons).length > 0,
      'needs at least one of eq, ne, gt, gte, lt, lte',
    )
    .meta({ description: "Comparisons with the outcome's value; all must hold" }),
});

const hours = z
  .number()
  .min(0)
  .max(24 * 365);

const METRIC_KINDS = ['proportion', 'mean', 'sum', 'count', 'ratio', 'quantile', 'retention'] as const;
/** What of each answer a metric of the gateway's own records measures. */
const GATEWAY_VALUES = ['latency', 'error', 'fallback', 'cost'] as const;

const metricShape = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  description: z.string().max(2_000).optional(),
  source: z.enum(['outcomes', 'gateway']).default('outcomes').meta({
    description: 'Outcomes that tenants report, or what the gateway itself recorded of each answer',
  }),
  event: keySchema
    .optional()
    .meta({ description: 'The outcome event that feeds the metric; required for outcomes' }),
  value: z.enum(GATEWAY_VALUES).optional().meta({
    description:
      'Of the gateway: latency in ms; 1 for an answer that was an error, or a fallback; what its attempts cost by the prices that targets declare. Required there',
  }),
  kind: z.enum(METRIC_KINDS).meta({
    description:
      "proportion: share of units with at least one. mean: the unit's mean value. sum, count: the unit's total, number. ratio: total over total of the denominator. quantile: of all values. retention: share of units that come back within the window, of those whose window is over",
  }),
  filter: filterSchema.optional(),
  threshold: z.number().optional().meta({
    description: 'Of a proportion: the least value that counts; short for the filter {"value": {"gte": …}}',
  }),
  denominator: z
    .strictObject({
      event: keySchema.optional().meta({ description: "The metric's own event unless given" }),
      filter: filterSchema.optional(),
      of: z.enum(['sum', 'count']).default('count'),
    })
    .optional()
    .meta({ description: 'Of a ratio: what its total is divided by; required there' }),
  numerator: z
    .enum(['sum', 'count'])
    .optional()
    .meta({ description: 'Of a ratio: what is divided, the values or their number; sum unless given' }),
  quantile: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .meta({ description: 'Of a quantile: which, as a share (0.95); required there' }),
  missing: z.enum(['zero', 'exclude']).default('exclude').meta({
    description: 'Of a mean: a unit without a value counts as zero, or not at all',
  }),
  window: z
    .strictObject({
      delayHours: hours.default(0).meta({ description: 'Begins this long after the first exposure' }),
      lengthHours: z
        .number()
        .gt(0)
        .max(24 * 365)
        .optional()
        .meta({ description: 'And lasts this long; for ever unless given' }),
    })
    .optional()
    .meta({
      description: 'When, after a unit was first exposed, its outcomes count; from then on unless given',
    }),
  cap: z
    .union([
      z.strictObject({ value: z.number() }),
      z.strictObject({ percentile: z.number().gt(0.5).lt(1).meta({ description: 'As a share: 0.99' }) }),
    ])
    .optional()
    .meta({
      description:
        "Winsorise: a unit's value above this, or above this percentile of all units, counts as it",
    }),
  covariate: z
    .strictObject({ days: z.int().min(1).max(90) })
    .optional()
    .meta({
      description:
        'CUPED: take out what the same metric was, per unit, in so many days before the first exposure',
    }),
  direction: z
    .enum(['increase', 'decrease'])
    .default('increase')
    .meta({ description: 'Which way is better' }),
});

export type OutcomeFilter = z.infer<typeof filterSchema>;
export type Metric = z.infer<typeof metricShape>;

/** What is measured per unit, as data: which records, which of them count, when, and what is made of them. */
export const metricSchema = metricShape.superRefine((metric, context) => {
  for (const { field, message } of misfits(metric)) {
    context.addIssue({ code: 'custom', path: [field], message });
  }
});

/** Exactly 0 or 1 for each unit, so that the variance follows from the mean. */
export function isBinary({ kind }: Pick<Metric, 'kind'>): boolean {
  return kind === 'proportion' || kind === 'retention';
}

interface Misfit {
  readonly field: keyof Metric;
  readonly message: string;
}

/** Fields that the kind or the source needs, and fields that mean nothing to it. */
function misfits(metric: Metric): Misfit[] {
  const { kind, source } = metric;
  const gateway = source === 'gateway';
  const needs = (field: keyof Metric, when: boolean, of: string): Misfit[] =>
    when && metric[field] === undefined ? [{ field, message: `is required for ${of}` }] : [];
  const onlyFor = (field: keyof Metric, when: boolean, of: string): Misfit[] =>
    !when && metric[field] !== undefined ? [{ field, message: `is only for ${of}: leave it out` }] : [];
  return [
    ...needs('event', !gateway, 'a metric of outcomes'),
    ...onlyFor('event', !gateway, 'a metric of outcomes'),
    ...needs('value', gateway, 'a metric of the gateway'),
    ...onlyFor('value', gateway, 'a metric of the gateway'),
    ...onlyFor('filter', !gateway, 'a metric of outcomes'),
    ...onlyFor(
      'covariate',
      !gateway && !['quantile', 'retention'].includes(kind),
      'outcomes that are averaged per unit',
    ),
    ...onlyFor('threshold', ['proportion', 'mean'].includes(kind) && !gateway, 'a proportion of outcomes'),
    ...needs('denominator', kind === 'ratio', 'a ratio'),
    ...onlyFor('denominator', kind === 'ratio' && !gateway, 'a ratio of outcomes'),
    ...onlyFor('numerator', kind === 'ratio', 'a ratio'),
    ...needs('quantile', kind === 'quantile', 'a quantile'),
    ...onlyFor('quantile', kind === 'quantile', 'a quantile'),
    ...onlyFor('window', !gateway, 'a metric of outcomes'),
    ...onlyFor('cap', ['mean', 'sum', 'count'].includes(kind), 'a mean, sum or count'),
    ...(kind === 'retention' && metric.window?.lengthHours === undefined
      ? [{ field: 'window' as const, message: 'is required for retention, with its length' }]
      : []),
  ];
}

/** Guardrails every experiment has without defining them: they come from the gateway's own exposures. */
export const BUILT_IN_METRICS = ['error-rate', 'latency'] as const;

/** What the built-in metrics are, as if somebody had defined them. */
export const BUILT_IN_DEFINITIONS: readonly Metric[] = [
  metricSchema.parse({
    key: 'error-rate',
    source: 'gateway',
    value: 'error',
    kind: 'mean',
    direction: 'decrease',
  }),
  metricSchema.parse({
    key: 'latency',
    source: 'gateway',
    value: 'latency',
    kind: 'mean',
    direction: 'decrease',
  }),
];

import { z } from 'zod';
import { metricSchema } from '../../../experiments/metric.ts';

/** Parts that several results share. */
export const number = z.number();
export const interval = z.tuple([number, number]);
export const share = number.min(0).max(1);
export const byKey = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value);
export const said = <Value extends z.ZodType>(schema: Value, description: string) =>
  schema.meta({ description });

export const effectSchema = z.strictObject({
  estimate: number,
  interval: said(interval.nullable(), 'Null while the data bound nothing'),
});
const exactSchema = z.strictObject({ estimate: number, interval });

export const comparisonSchema = z.strictObject({
  variant: z.string(),
  control: z.string(),
  method: z.enum(['always-valid', 'fixed-horizon', 'group-sequential', 'bayesian']),
  alpha: number,
  absolute: said(effectSchema, "Variant minus control, in the metric's own unit"),
  lift: said(effectSchema.nullable(), '(Variant − control) / control; null where the control is 0'),
  p: said(share, 'Of the absolute difference; 1 while the data bound nothing'),
  adjustedP: said(share.optional(), 'Corrected over its family of metrics and variants'),
  significant: said(z.boolean(), 'Whether the corrected p is below alpha'),
  exact: said(
    z.strictObject({ absolute: exactSchema, lift: exactSchema.nullable(), p: share }).nullable(),
    'Of a proportion: always-valid without any approximation, wider',
  ),
});

const metricFields = {
  key: z.string(),
  role: z.enum(['primary', 'secondary', 'guardrail']),
  kind: said(z.enum(['proportion', 'mean']), 'A proportion, or a share per unit, lies in [0, 1]'),
  direction: z.enum(['increase', 'decrease']),
  variants: said(
    z.array(z.strictObject({ key: z.string(), n: number, mean: number, standardDeviation: number })),
    'The control first; n: units with a value',
  ),
  comparisons: said(z.array(comparisonSchema), 'Every other variant that has weight, against the control'),
};
export const measuredSchema = z.strictObject(metricFields);
export const reportedSchema = z.strictObject({
  ...metricFields,
  definition: metricSchema,
  varianceReduction: said(number.nullable(), 'Share of the variance that the covariate took out'),
  explanation: z.strictObject({
    measures: said(z.string(), 'What is measured, in words'),
    estimate: said(z.string(), 'How means and their errors are made'),
    interval: said(z.string(), 'How a difference becomes an interval and a p'),
    correction: said(z.string(), 'Against the chance that one of several looks like an effect'),
    query: said(z.string(), 'JSON pointer to the SQL that gives the moments'),
  }),
});

export const ratioFields = { chi2: number, df: z.int(), p: share, ok: z.boolean() };
export const groupSchema = z.strictObject({
  group: z.string(),
  units: number,
  ...ratioFields,
  sequentialP: share,
  adjustedP: share,
});

import { z } from 'zod';
import { byKey, comparisonSchema, effectSchema, interval, number, said, share } from './metric-schemas.ts';

export const lookSchema = z.strictObject({
  fraction: share,
  spent: said(number, 'Of alpha, up to this look'),
  boundary: said(number.nullable(), 'Standard errors from which a difference is called one; null: none is'),
});
export const methodSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('always-valid'), tunedAt: number }),
  z.strictObject({ kind: z.literal('fixed-horizon') }),
  z.strictObject({
    kind: z.literal('group-sequential'),
    fractions: z.array(share),
    spending: z.enum(['obrien-fleming', 'pocock']),
  }),
  z.strictObject({
    kind: z.literal('bayesian'),
    prior: z.strictObject({ mean: number, standardDeviation: number }).nullable(),
  }),
]);

export const beliefSchema = z.strictObject({
  key: z.string(),
  mean: number,
  interval,
  probabilityBest: share,
  expectedLoss: said(number, "What choosing it loses on average, in the metric's unit"),
  againstControl: z.strictObject({ probabilityBetter: share, difference: effectSchema }).nullable(),
});

const policyValueSchema = z.strictObject({ estimate: number, standardError: number, interval });
export const policySchema = z.strictObject({
  weights: byKey(number),
  alpha: number,
  metrics: z.array(
    z.strictObject({
      metric: z.string(),
      asRun: said(number.nullable(), 'Mean over all units as they were assigned'),
      value: z
        .strictObject({
          ips: said(policyValueSchema, 'Inverse-propensity'),
          selfNormalised: policyValueSchema,
          doublyRobust: said(policyValueSchema, 'What to read'),
          effectiveUnits: number,
          warnings: z.array(z.string()),
        })
        .nullable(),
      reason: said(z.string().nullable(), 'Why there is no value'),
    }),
  ),
});

export const detailSchema = z.strictObject({
  series: said(
    z.array(z.strictObject({ day: z.string(), units: number, comparisons: z.array(comparisonSchema) })),
    'The primary metric as a look at the end of each day (UTC) had it: always-valid intervals of all days together. Empty for a metric that does not add up from day to day',
  ),
  novelty: said(
    z.array(
      z.strictObject({
        variant: z.string(),
        days: z.array(
          z.strictObject({
            day: said(z.int(), 'Days since the unit was first exposed, from 0'),
            absolute: effectSchema,
            lift: effectSchema.nullable(),
          }),
        ),
        trend: said(
          z.strictObject({ absolute: effectSchema, p: share, significant: z.boolean() }),
          'Of the effect per day since exposure: negative where it wears off',
        ),
      }),
    ),
    'The effect by day since exposure; empty before there are three days',
  ),
  heterogeneity: said(
    z.array(
      z.strictObject({
        variant: z.string(),
        dimensions: z.array(
          z.strictObject({
            dimension: z.string(),
            q: number,
            df: z.int(),
            share,
            p: share,
            sequentialP: share,
            adjustedP: share,
            segments: z.array(
              z.strictObject({
                segment: z.string(),
                effect: z.strictObject({ estimate: number, standardError: number }),
                n: number,
              }),
            ),
          }),
        ),
      }),
    ),
    'The effect by value of each dimension, and whether it differs',
  ),
});

export const targetFields = {
  variant: z.string(),
  target: z.string().nullable(),
  model: z.string().nullable(),
  version: z.string().nullable(),
  cloud: z.string().nullable(),
};

export const servedSchema = z.strictObject({
  variant: z.string(),
  cloud: z.string().nullable(),
  exposures: number,
  errors: number,
  errorRate: share,
  latencyMs: z.strictObject({ p50: number, p95: number, p99: number }),
  fallbacks: number,
  cost: z.strictObject({ total: number, perAnswer: number }).nullable(),
});

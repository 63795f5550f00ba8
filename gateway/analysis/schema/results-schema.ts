import { z } from 'zod';
import { priorSchema } from '../../../experiments/prior-schema.ts';
import {
  beliefSchema,
  detailSchema,
  lookSchema,
  methodSchema,
  policySchema,
  servedSchema,
  targetFields,
} from './insight-schemas.ts';
import {
  byKey,
  groupSchema,
  measuredSchema,
  number,
  ratioFields,
  reportedSchema,
  said,
  share,
} from './metric-schemas.ts';

/** How an experiment, or a holdout, stands, as the control plane answers it. */
export const resultsSchema = z.strictObject({
  experiment: z.string(),
  revision: z.int(),
  asOf: z.iso.datetime(),
  input: said(
    z.strictObject({ fingerprint: z.string(), files: z.int(), filesRead: z.int() }),
    'What of the lake it was made from',
  ),
  exposures: z.strictObject({
    total: number,
    units: said(number, 'Units analysed'),
    excludedUnits: said(number, 'Seen in two variants under the same weights: left out'),
    earlierUnits: said(number, "First seen under other weights than today's: strata of their own"),
    byVariant: byKey(z.strictObject({ exposures: number, units: number })),
  }),
  tenants: said(z.array(z.string()), 'Of whom there are exposures'),
  sampleRatio: said(
    z.strictObject(ratioFields),
    'Whether units fell to the variants as the weights say: one look',
  ),
  sequentialSampleRatio: said(
    z.strictObject({ logEvidence: number, p: share, ok: z.boolean() }),
    'The same at any time',
  ),
  sampleRatioGroups: z.array(z.strictObject({ dimension: z.string(), groups: z.array(groupSchema) })),
  epochs: said(
    z.array(z.strictObject({ fromRevision: z.int(), from: z.string(), weights: byKey(number) })),
    'Periods of constant weights, in order',
  ),
  estimator: said(
    z.enum(['plain', 'stratified', 'adaptive']),
    'How those periods are put together: adaptive where the weights followed the outcomes',
  ),
  moved: said(
    z.boolean(),
    "Whether a change of weights moved units: outcomes then count until the period's end",
  ),
  metrics: said(z.array(reportedSchema), 'As assigned, always-valid: the primary analysis'),
  queries: said(
    byKey(z.string()),
    "By metric: DuckDB's SQL over the lake's own files that gives its moments",
  ),
  otherMethods: said(
    z.array(
      z.strictObject({
        method: methodSchema,
        interval: z.string(),
        plan: said(z.array(lookSchema).nullable(), 'Of a group-sequential one: the looks so far'),
        metrics: z.array(measuredSchema),
      }),
    ),
    'The same by the methods that were asked for',
  ),
  progress: said(
    z
      .strictObject({
        effect: number,
        power: share,
        units: number,
        unitsNeeded: number,
        unitsPerDay: number,
        daysLeft: said(number.nullable(), 'Null at no traffic'),
      })
      .nullable(),
    'How far it is to seeing the effect that the experiment declares to matter, looking at any time',
  ),
  bayesian: said(
    z
      .strictObject({
        metric: z.string(),
        prior: priorSchema,
        alpha: number,
        variants: z.array(beliefSchema),
      })
      .nullable(),
    'What to believe by the prior that the experiment declares',
  ),
  policy: said(policySchema.nullable(), 'What a weighting that was not run would have brought'),
  metricsAsServed: said(
    z.array(measuredSchema),
    'Only units whose every answer came from the assigned target; empty where all did. Descriptive: not randomised',
  ),
  serving: z.array(servedSchema),
  fallbacks: said(number, 'Answers by another target than the assigned one'),
  asServed: z.array(z.strictObject({ ...targetFields, exposures: number })),
  attribution: said(
    z.array(
      z.strictObject({ ...targetFields, event: z.string(), outcomes: number, meanValue: number.nullable() }),
    ),
    'Outcomes that name the request they follow, by what answered it',
  ),
  detail: said(detailSchema.nullable(), 'When it was asked for'),
  verdict: z.strictObject({
    decision: z.enum(['ship', 'roll-back', 'keep-running', 'inconclusive', 'untrusted']),
    variant: said(z.string().nullable(), 'The one to ship'),
    sentence: z.string(),
    reasons: z.array(z.string()),
  }),
});

import { z } from 'zod';
import { audienceSchema } from './audience/audience-schema.ts';
import { banditSchema, rampSchema, scheduleSchema } from './automation-schemas.ts';
import { environmentNameSchema } from './environment.ts';
import { hashSchema } from './hashes/hash-scheme.ts';
import { jsonObjectSchema } from './json-object.ts';
import { basisPointsSchema, FULL_SHARE_BP, keySchema } from './key.ts';
import { priorSchema } from './prior-schema.ts';
import { isRising, rangeFields } from './slots.ts';
import { variantSchema } from './variant.ts';
import { variantIssues } from './variant-issues.ts';

export type { Variant } from './variant.ts';

/** The slots `[from, to)` of a layer, in basis points, that an experiment has for itself. */
const layerSlotsSchema = z.strictObject({ key: keySchema, ...rangeFields }).refine(...isRising);

/** The metrics that decide, inform and protect. */
export const measuredSchema = z.strictObject({
  primary: keySchema,
  secondary: z.array(keySchema).max(20).default([]),
  guardrails: z.array(keySchema).max(20).default([]),
  effect: z.number().gt(0).max(10).optional().meta({
    description:
      'The relative effect on the primary metric that would matter (0.05): results say how far it is to seeing it',
  }),
});

export const unitSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'must name a context attribute: a letter, then letters, digits, _');

/** Units take part only while they are in one of these variants of another experiment. */
const prerequisiteSchema = z.strictObject({
  experiment: keySchema,
  variants: z.array(keySchema).min(1, 'name at least 1 variant').max(20),
});

/** Units that always get one variant, for testing; their requests leave no exposures. */
const overrideSchema = z.strictObject({
  variant: keySchema,
  units: z.array(z.string().min(1).max(256)).min(1, 'name at least 1 unit').max(1_000),
});

/** Units keep the variant that they were given first. */
const stickySchema = z.strictObject({
  inheritsFrom: unitSchema.optional().meta({
    description:
      'The attribute that names a unit before it is known (`session`): it stands in until then, and its variant goes over',
  }),
});

/** What a product team writes: see the example in the README. The first variant is the control. */
export const experimentSchema = z
  .strictObject({
    key: keySchema,
    name: z.string().max(200).optional(),
    hypothesis: z.string().max(2_000).optional(),
    endpoint: keySchema,
    environment: environmentNameSchema
      .default('production')
      .meta({ description: 'The gateways of this environment serve it' }),
    unit: unitSchema.meta({
      description: 'What is randomised: tenant, or the context attribute that holds the id',
    }),
    audience: audienceSchema,
    prerequisites: z.array(prerequisiteSchema).max(10).default([]),
    layer: layerSlotsSchema.optional(),
    salt: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Seed of the draws; the key unless given' }),
    hash: hashSchema.default('sha256'),
    bucketVersion: z
      .int()
      .min(1)
      .max(1_000)
      .default(1)
      .meta({ description: 'Raising it draws every unit again: the one way to randomise anew' }),
    sticky: stickySchema.optional().meta({
      description: 'Keep the first variant of each unit, whatever becomes of weights and allocation',
    }),
    allocation: basisPointsSchema.default(FULL_SHARE_BP),
    variants: z.array(variantSchema).min(2, 'an experiment compares at least 2 variants').max(20),
    overrides: z.array(overrideSchema).max(20).default([]),
    parametersSchema: jsonObjectSchema
      .optional()
      .meta({ description: "JSON Schema (2020-12) that every variant's parameters must satisfy" }),
    metrics: measuredSchema.optional(),
    prior: priorSchema.optional().meta({
      description:
        'What was believed of the primary metric in every variant before the data: results then say what to believe now',
    }),
    ramp: rampSchema.optional(),
    schedule: scheduleSchema.optional(),
    bandit: banditSchema.optional(),
  })
  .superRefine((experiment, context) => {
    for (const issue of variantIssues(experiment)) context.addIssue({ code: 'custom', ...issue });
  });

export type LayerSlots = z.infer<typeof layerSlotsSchema>;
/** An experiment as written; state and revision are kept beside it by the store. */
export type Experiment = z.infer<typeof experimentSchema>;

export const EXPERIMENT_STATES = ['draft', 'in-review', 'running', 'paused', 'stopped', 'archived'] as const;
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];

/** Whether its variants choose what answers. Those of one endpoint exclude each other; others may overlap. */
export function choosesTarget({ variants }: Pick<Experiment, 'variants'>): boolean {
  return variants.some(({ target }) => target !== undefined);
}

import { z } from 'zod';
import { basisPointsSchema, FULL_SHARE_BP, keySchema } from './key.ts';

/** One arm. `target` is what answers for it: the key of a target in the catalogue. */
const variantSchema = z.strictObject({
  key: keySchema,
  weight: basisPointsSchema,
  target: keySchema,
});

/** The slots `[from, to)` of a layer, in basis points, that an experiment has for itself. */
const layerSlotsSchema = z
  .strictObject({
    key: keySchema,
    from: basisPointsSchema,
    to: basisPointsSchema,
  })
  .refine(({ from, to }) => from < to, {
    path: ['to'],
    message: 'must be greater than "from": slots are [from, to)',
  });

/** What a product team writes: see the example in the README. The first variant is the control. */
export const experimentSchema = z
  .strictObject({
    key: keySchema,
    name: z.string().max(200).optional(),
    hypothesis: z.string().max(2_000).optional(),
    endpoint: keySchema,
    unit: z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_]{0,62}$/,
        'must name a context attribute: a letter, then letters, digits, _',
      )
      .meta({ description: 'What is randomised: tenant, or the context attribute that holds the id' }),
    audience: z
      .record(z.string(), z.unknown())
      .default({})
      .meta({ description: 'Who is eligible: a condition in the MongoDB-like targeting language' }),
    layer: layerSlotsSchema.optional(),
    salt: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Seed of the draws; the key unless given' }),
    allocation: basisPointsSchema.default(FULL_SHARE_BP),
    variants: z.array(variantSchema).min(2, 'an experiment compares at least 2 variants').max(20),
    metrics: z
      .strictObject({
        primary: keySchema,
        secondary: z.array(keySchema).max(20).default([]),
        guardrails: z.array(keySchema).max(20).default([]),
      })
      .optional(),
  })
  .superRefine(({ variants }, context) => {
    const sum = variants.reduce((total, { weight }) => total + weight, 0);
    if (sum !== FULL_SHARE_BP) {
      context.addIssue({
        code: 'custom',
        path: ['variants'],
        message: `weights sum to ${sum}; they must sum to ${FULL_SHARE_BP} basis points`,
      });
    }
    const seen = new Set<string>();
    for (const [index, { key }] of variants.entries()) {
      if (seen.has(key)) {
        context.addIssue({
          code: 'custom',
          path: ['variants', index, 'key'],
          message: `"${key}" names two variants; each needs a key of its own`,
        });
      }
      seen.add(key);
    }
  });

export type Variant = z.infer<typeof variantSchema>;
export type LayerSlots = z.infer<typeof layerSlotsSchema>;
/** An experiment as written; state and revision are kept beside it by the store. */
export type Experiment = z.infer<typeof experimentSchema>;

export const EXPERIMENT_STATES = ['draft', 'running', 'paused', 'stopped'] as const;
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];

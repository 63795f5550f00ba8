import { z } from 'zod';
import { jsonObjectSchema } from '../../experiments/json-object.ts';
import { keySchema } from '../../experiments/key.ts';
import { featureSetSchema } from '../features/feature-set.ts';
import { limitsSchema } from './limits.ts';
import { shadowSchema } from './shadow.ts';

/** The path of a context attribute that results may be compared by. */
export const dimensionNameSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/, 'must be the path of an attribute');

/** What a tenant calls. Without an experiment that enrols the unit, `defaultTarget` answers. */
export const endpointSchema = z.strictObject({
  key: keySchema,
  name: z.string().max(200).optional(),
  defaultTarget: keySchema,
  timeoutMs: z
    .int()
    .min(1)
    .max(600_000)
    .optional()
    .meta({ description: 'Deadline of one request, ms; a request may ask for less, never for more' }),
  onFailure: z.enum(['error', 'default-target']).default('error').meta({
    description:
      'When every target of the assigned variant failed: answer an error, or ask the default target',
  }),
  limits: limitsSchema.optional(),
  shadows: z
    .array(shadowSchema)
    .max(20)
    .optional()
    .meta({ description: 'Targets that get copies of answered requests, only to compare' }),
  hedge: z
    .strictObject({
      maxShareBp: z
        .int()
        .min(1)
        .max(5_000)
        .meta({ description: 'Share of requests that may be asked twice' }),
    })
    .optional()
    .meta({
      description:
        'Ask the twin as well when the target takes longer than 95 of 100 of its answers do; the first to answer counts',
    }),
  blinded: z
    .boolean()
    .default(false)
    .meta({ description: 'Hide experiment, variant, target and model from the answer' }),
  cache: z
    .strictObject({ ttlSeconds: z.int().min(1).max(86_400) })
    .optional()
    .meta({
      description:
        'Answer the same request of a tenant to the same model version from memory for so long; exposures are recorded all the same',
    }),
  features: z.array(featureSetSchema).min(1).max(10).optional().meta({
    description: 'Looked up for each request and added to its inputs, in this order',
  }),
  dimensions: z.array(dimensionNameSchema).max(10).default([]).meta({
    description:
      'Context attributes that exposures record, to compare results by: few values each, and no ids. No others are recorded',
  }),
  parameters: jsonObjectSchema
    .optional()
    .meta({ description: 'What a caller outside of every experiment gets, as variants have it' }),
  parametersSchema: jsonObjectSchema
    .optional()
    .meta({ description: 'JSON Schema (2020-12) that the parameters of every variant here must satisfy' }),
  tenants: z
    .array(keySchema)
    .min(1)
    .max(10_000)
    .optional()
    .meta({ description: 'Who may call it; every tenant unless given' }),
});
export type Endpoint = z.infer<typeof endpointSchema>;

import { z } from 'zod';
import { growthBookPayloadSchema, importGrowthBook } from '../../experiments/import/import-growthbook.ts';
import { importUnleash, unleashExportSchema } from '../../experiments/import/import-unleash.ts';
import { keySchema } from '../../experiments/key.ts';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { EXPERIMENTERS, type Route } from '../http/route.ts';
import { parsedBody } from './admin-request.ts';

const endpoint = keySchema.meta({ description: 'The endpoint that the experiments are for' });
const importRequestSchema = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal('growthbook'), endpoint, payload: growthBookPayloadSchema }),
  z.strictObject({ format: z.literal('unleash'), endpoint, payload: unleashExportSchema }),
]);

const REQUEST_EXAMPLE = { format: 'growthbook', endpoint: 'movie-ranking', payload: { features: {} } };
const ANSWER_EXAMPLE = {
  experiments: [],
  layers: [{ key: 'homepage', hash: 'growthbook-v2', salt: 'homepage' }],
  segments: [{ key: 'grp_beta', values: ['user-17'] }],
  skipped: [
    {
      path: '/features/hero/rules/0',
      code: 'growthbook-v1',
      message: 'version 1 of the hash is not offered',
    },
  ],
};

/** Reads another product's export as experiments of this one; writes nothing: `PUT /admin/v1/config` does. */
export function importRoute(): Route {
  return {
    method: 'post',
    path: '/admin/v1/import',
    access: EXPERIMENTERS,
    id: 'importExperiments',
    tag: 'experiments',
    summary:
      'Experiments of GrowthBook or Unleash, with their layers and segments, as drafts that keep every unit in its bucket',
    body: jsonBody(schemaOf(importRequestSchema), REQUEST_EXAMPLE),
    answers: { 200: anObject('Drafts, and what was left out and why', ANSWER_EXAMPLE) },
    problems: ['invalid-request', 'invalid-configuration'],
    handle: (request, response) => {
      const wanted = parsedBody(importRequestSchema, request.body);
      response.json(
        wanted.format === 'growthbook'
          ? importGrowthBook(wanted.payload, wanted.endpoint)
          : importUnleash(wanted.payload, wanted.endpoint),
      );
    },
  };
}

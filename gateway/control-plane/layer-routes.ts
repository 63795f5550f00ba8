import { z } from 'zod';
import { environmentNameSchema } from '../../experiments/environment.ts';
import { keptExperimentSchema } from '../../experiments/kept-experiment.ts';
import { basisPointsSchema } from '../../experiments/key.ts';
import { dealRange, freeRanges, shownRange } from '../../experiments/slots.ts';
import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import { EXPERIMENTS } from '../catalogue/resources.ts';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { parsedBody } from './admin-request.ts';
import type { ConfigurationWriter } from './change-configuration.ts';
import { findOr404 } from './resource-routes.ts';

/** How many slots of a layer somebody wants, and where. */
const dealRequestSchema = z.strictObject({
  size: basisPointsSchema.min(1),
  environment: environmentNameSchema.default('production'),
});

const SLOTS_EXAMPLE = {
  environments: [
    {
      environment: 'production',
      taken: [{ experiment: 'ranker-v2', state: 'running', from: 0, to: 5_000 }],
      free: [{ from: 5_000, to: 10_000 }],
    },
  ],
};

/** Who owns which slots of a layer, and a free range of a size; what is dealt is taken by writing it down. */
export function layerRoutes(writer: ConfigurationWriter): Route[] {
  return [slotsRoute(writer), dealRoute(writer)];
}

function slotsRoute(writer: ConfigurationWriter): Route {
  return {
    method: 'get',
    path: '/admin/v1/layers/{key}/slots',
    access: READERS,
    id: 'layerSlots',
    tag: 'layers',
    summary: 'Who owns which slots, and which are free',
    answers: { 200: anObject('Slots by environment', SLOTS_EXAMPLE) },
    problems: ['not-found'],
    handle: async (request, response) => {
      const owners = await ownersOf(writer, request.params['key'] ?? '');
      const byEnvironment = Map.groupBy(owners, ({ environment }) => environment);
      const environments = [...byEnvironment].map(([environment, taken]) => ({
        environment,
        taken: taken.map(({ experiment, state, from, to }) => ({ experiment, state, from, to })),
        free: freeRanges(taken),
      }));
      response.json({ environments });
    },
  };
}

function dealRoute(writer: ConfigurationWriter): Route {
  return {
    method: 'post',
    path: '/admin/v1/layers/{key}/deal',
    access: READERS,
    id: 'dealSlots',
    tag: 'layers',
    summary: 'A free range of so many slots, as an experiment writes it',
    body: jsonBody(schemaOf(dealRequestSchema), { size: 2_000 }),
    answers: { 200: anObject('The tightest free range', { key: 'ranking', from: 5_000, to: 7_000 }) },
    problems: ['invalid-request', 'invalid-configuration', 'not-found', 'wrong-state'],
    handle: async (request, response) => {
      const { size, environment } = parsedBody(dealRequestSchema, request.body);
      const key = request.params['key'] ?? '';
      const taken = (await ownersOf(writer, key)).filter((owner) => owner.environment === environment);
      const range = dealRange(taken, size);
      if (range === undefined) {
        const free = freeRanges(taken).map(shownRange).join(', ') || 'none';
        throw new Problem(
          'wrong-state',
          `no range of ${size} slots is free in layer "${key}": free are ${free}`,
        );
      }
      response.json({ key, ...range });
    },
  };
}

async function ownersOf(writer: ConfigurationWriter, layer: string) {
  const documents = await writer.documents();
  findOr404(documents, 'layers', layer);
  return documents.flatMap((document) => (document.kind === EXPERIMENTS.name ? owner(document, layer) : []));
}

/** What is over holds no slots; a draft does, so that two that are being written do not get the same. */
function owner({ key, value }: StoredDocument, layer: string) {
  const { experiment, state } = keptExperimentSchema.parse(value);
  if (experiment.layer?.key !== layer || state === 'stopped' || state === 'archived') return [];
  const { from, to } = experiment.layer;
  return [{ experiment: key, state, environment: experiment.environment, from, to }];
}

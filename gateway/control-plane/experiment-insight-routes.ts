import { z } from 'zod';
import { explain } from '../../experiments/explain.ts';
import { anObject, jsonBody, queryParameter, schemaOf } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { RegisteredExperiment } from '../snapshot/snapshot.ts';
import { parsedBody } from './admin-request.ts';
import type { ExperimentAdmin } from './experiment-actions.ts';
import { findOr404 } from './resource-routes.ts';

/** The verdict on one experiment; given by the composition, since it needs the lake. */
export type ResultsOf = (
  experiment: RegisteredExperiment,
  options: { readonly fresh: boolean },
) => Promise<unknown>;

/** A context to explain, as a request would carry it; `tenant` names whose attributes it has. */
const explainRequestSchema = z.strictObject({
  tenant: z.string().optional(),
  context: z.record(z.string(), z.unknown()),
});

const RESULTS_EXAMPLE = {
  experiment: 'ranker-v2',
  revision: 17,
  asOf: '2026-11-20T12:00:00.000Z',
  exposures: { total: 8_412, units: 2_004, excludedUnits: 0, earlierUnits: 0 },
  verdict: { decision: 'keep-running' },
};

const EXPLANATION_EXAMPLE = {
  assignment: { kind: 'not-enrolled', reason: 'audience', experiment: 'ranker-v2' },
  checks: [
    { check: 'running', passed: true, detail: 'it is running' },
    { check: 'unit', passed: true, detail: 'randomised by "user"' },
    { check: 'audience', passed: false, detail: 'the context meets {"tenant.plan":"pro"}' },
  ],
};

/** What an experiment has found, and why a request is where it is. */
export function experimentInsightRoutes(admin: ExperimentAdmin & { readonly resultsOf: ResultsOf }): Route[] {
  return [resultsRoute(admin), explainRoute(admin)];
}

function resultsRoute({
  writer,
  source,
  resultsOf,
}: ExperimentAdmin & { readonly resultsOf: ResultsOf }): Route {
  return {
    method: 'get',
    path: '/admin/v1/experiments/{key}/results',
    access: READERS,
    id: 'experimentResults',
    tag: 'experiments',
    summary: 'The verdict on an experiment, with the numbers behind it',
    parameters: [
      queryParameter('fresh', 'true: bring what is still in the spool to the lake first', {
        type: 'boolean',
        default: false,
      }),
    ],
    answers: { 200: anObject('Results', RESULTS_EXAMPLE) },
    problems: ['not-found', 'wrong-state', 'lake-unavailable', 'analysis-busy'],
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      findOr404(await writer.documents(), 'experiments', key);
      const registered = source.current?.snapshot.experiments.get(key);
      if (registered === undefined)
        throw new Problem('not-ready', 'the configuration in force does not hold it yet');
      response.json(await resultsOf(registered, { fresh: request.query['fresh'] === 'true' }));
    },
  };
}

function explainRoute({ source }: ExperimentAdmin): Route {
  const example = { tenant: 'acme', context: { user: 'user-17', country: 'DE' } };
  return {
    method: 'post',
    path: '/admin/v1/experiments/{key}/explain',
    access: READERS,
    id: 'explainAssignment',
    tag: 'experiments',
    summary: 'Why a context is where it is: every check in order, with its result',
    body: jsonBody(schemaOf(explainRequestSchema), example),
    answers: { 200: anObject('Checks up to the one that decides', EXPLANATION_EXAMPLE) },
    problems: ['invalid-request', 'invalid-configuration', 'not-found'],
    handle: (request, response) => {
      const key = request.params['key'] ?? '';
      const { tenant: tenantKey, context } = parsedBody(explainRequestSchema, request.body);
      const snapshot = source.current?.snapshot;
      const compiled = snapshot?.compiled.get(key);
      if (compiled === undefined) throw new Problem('not-found', `there is no experiment "${key}"`);
      const tenant = tenantKey === undefined ? undefined : snapshot?.tenants.get(tenantKey);
      if (tenantKey !== undefined && tenant === undefined) {
        throw new Problem('not-found', `there is no tenant "${tenantKey}"`);
      }
      const attributes = tenant && { tenant: { ...tenant.attributes, key: tenant.key } };
      response.json(explain(compiled, { ...context, ...attributes }));
    },
  };
}

import { z } from 'zod';
import { explain } from '../../experiments/explain.ts';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { parsedBody } from './admin-request.ts';
import type { ExperimentAdmin } from './experiment-actions.ts';

/** A context to explain, as a request would carry it; `tenant` names whose attributes it has. */
const explainRequestSchema = z.strictObject({
  tenant: z.string().optional(),
  context: z.record(z.string(), z.unknown()),
});

const EXPLANATION_EXAMPLE = {
  assignment: { kind: 'not-enrolled', reason: 'audience', experiment: 'ranker-v2' },
  checks: [
    { check: 'running', passed: true, detail: 'it is running' },
    { check: 'unit', passed: true, detail: 'randomised by "user"' },
    { check: 'audience', passed: false, detail: 'the context meets {"tenant.plan":"pro"}' },
  ],
};

/** Why a request is where it is. */
export function experimentInsightRoutes(admin: ExperimentAdmin): Route[] {
  return [explainRoute(admin)];
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

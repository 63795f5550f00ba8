import { z } from 'zod';
import type { CompiledExperiment } from '../../experiments/assignment.ts';
import { type Knowledge, NOTHING_KNOWN } from '../../experiments/check.ts';
import { explain } from '../../experiments/explain.ts';
import { recalled } from '../../experiments/sticky.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { anObject, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import { READERS, type Route } from '../http/route.ts';
import { Problem } from '../problems.ts';
import { idsOf } from '../sticky/sticky-ids.ts';
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

interface InsightAdmin extends ExperimentAdmin {
  readonly store: Pick<ConfigurationStore, 'stickyAssignments'>;
}

/** Why a request is where it is. */
export function experimentInsightRoutes(admin: InsightAdmin): Route[] {
  return [explainRoute(admin)];
}

function explainRoute({ source, store }: InsightAdmin): Route {
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
    handle: async (request, response) => {
      const key = request.params['key'] ?? '';
      const { tenant: tenantKey, context } = parsedBody(explainRequestSchema, request.body);
      const snapshot = source.current?.snapshot;
      const compiled = snapshot?.compiled.get(key);
      if (compiled === undefined) throw new Problem('not-found', `there is no experiment "${key}"`);
      const tenant = tenantKey === undefined ? undefined : snapshot?.tenants.get(tenantKey);
      if (tenantKey !== undefined && tenant === undefined) {
        throw new Problem('not-found', `there is no tenant "${tenantKey}"`);
      }
      if (tenant === undefined) {
        response.json(explain(compiled, context));
        return;
      }
      const asked = { ...context, tenant: { ...tenant.attributes, key: tenant.key } };
      const ids = idsOf({ tenant, configuration: source.current }, compiled, asked);
      response.json(explain(compiled, asked, await knowledgeOf(store, compiled, ids)));
    },
  };
}

/** What is kept under these ids, as a request would learn it. */
async function knowledgeOf(
  store: InsightAdmin['store'],
  { experiment }: CompiledExperiment,
  ids: readonly string[],
): Promise<Knowledge> {
  if (ids.length === 0) return NOTHING_KNOWN;
  const found = await store.stickyAssignments(ids);
  const kept = recalled(
    experiment,
    ids.map((id) => found.get(id) ?? null),
  );
  return kept === null ? NOTHING_KNOWN : { kept: new Map([[experiment.key, kept]]) };
}

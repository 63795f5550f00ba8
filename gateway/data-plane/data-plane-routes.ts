import { anObject, jsonBody, ref } from '../http/openapi-parts.ts';
import { type DirectRoute, type Route, tenantKey } from '../http/route.ts';
import type { DataPlane } from './data-plane.ts';
import { CONTEXT_HEADERS, OVERRIDE, openInferenceRoutes } from './open-inference-routes.ts';
import { predictRoutes } from './predict-routes.ts';
import { proxyRoute } from './proxy-route.ts';
import { exposureRoute, outcomeRoute } from './report-routes.ts';
import { LIMIT_PROBLEMS, withinLimits } from './within-limits.ts';

const tag = 'data plane';
const access = tenantKey('infer');

const TAKEN = { accepted: 1, rejected: [] };
const REPORT_PROBLEMS = ['invalid-request', 'body-too-large', 'unsupported-media-type', 'no-room'] as const;

/** What tenants call. */
export function dataPlaneRoutes(plane: DataPlane): (Route | DirectRoute)[] {
  return [
    ...openInferenceRoutes(plane),
    ...predictRoutes(plane),
    {
      direct: true,
      method: 'all',
      path: '/v1/proxy/{endpoint}/{+path}',
      access,
      id: 'proxy',
      tag,
      summary: "Pass a request on to the variant's HTTP target, or stream the answer of a SageMaker endpoint",
      parameters: CONTEXT_HEADERS,
      answers: { default: { description: "The target's answer, as a stream" } },
      problems: [
        'invalid-request',
        'invalid-context',
        'not-found',
        'wrong-target-kind',
        ...LIMIT_PROBLEMS,
        'request-rejected',
        'unsupported-media-type',
        'overloaded',
        'target-failed',
        'deadline-exceeded',
      ],
      handle: withinLimits(plane, proxyRoute(plane)),
    },
    {
      method: 'post',
      path: '/v1/outcomes',
      access: tenantKey('outcomes'),
      id: 'reportOutcomes',
      tag,
      summary: 'Report what units did, up to 1,000 at a time; idempotent by id',
      body: jsonBody(ref('Outcomes'), {
        outcomes: [{ id: 'rating-1', event: 'film-rated', unit: 'user', unitId: 'user-42', value: 7.4 }],
      }),
      answers: { 200: anObject('How many were taken, and what is wrong with the others', TAKEN) },
      problems: REPORT_PROBLEMS,
      handle: outcomeRoute(plane),
    },
    {
      method: 'post',
      path: '/v1/exposures',
      access: tenantKey('exposures'),
      id: 'reportExposures',
      tag,
      summary: 'Report assignments that the client itself acted on, up to 1,000 at a time; idempotent by id',
      parameters: [OVERRIDE],
      body: jsonBody(ref('Exposures'), {
        exposures: [{ id: 'seen-1', experiment: 'ranker-v2', variant: 'treatment', unitId: 'user-42' }],
      }),
      answers: { 200: anObject('How many were taken, and what is wrong with the others', TAKEN) },
      problems: REPORT_PROBLEMS,
      handle: exposureRoute(plane),
    },
  ];
}

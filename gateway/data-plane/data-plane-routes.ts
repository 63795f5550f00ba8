import { anObject, headerParameter, jsonBody, ref } from '../http/openapi-parts.ts';
import { type Route, tenantKey } from '../http/route.ts';
import { type DataPlane, inferRoute } from './infer-route.ts';
import { modelMetadataRoute, modelReadyRoute } from './model-routes.ts';
import { outcomeRoute } from './outcome-route.ts';
import { proxyRoute } from './proxy-route.ts';

const tag = 'data plane';
const access = tenantKey('infer');

/** What a request may say of its unit and its time, in headers. */
const context = [
  headerParameter('x-switchyard-unit', "Id of the experiment's unit"),
  headerParameter('x-switchyard-context', 'base64url of a JSON object of attributes'),
  headerParameter('x-request-timeout-ms', 'Deadline, capped by the endpoint', { schema: { type: 'number' } }),
];

const INPUT = { name: 'budget_usd', datatype: 'FP32', shape: [2], data: [97_000_000, 12_000_000] };
const OUTPUT = { name: 'score', datatype: 'FP32', shape: [2], data: [0.71, 0.42] };

/** What tenants call. */
export function dataPlaneRoutes(plane: DataPlane): Route[] {
  return [
    {
      method: 'post',
      path: '/v2/models/{endpoint}/infer',
      access,
      id: 'infer',
      tag,
      summary: 'Inference by the Open Inference Protocol v2',
      parameters: context,
      body: jsonBody({ type: 'object', required: ['inputs'] }, { inputs: [INPUT] }),
      answers: { 200: anObject('Outputs', { model_name: 'movie-ranker', outputs: [OUTPUT] }) },
      problems: [
        'invalid-request',
        'request-rejected',
        'invalid-context',
        'not-found',
        'wrong-target-kind',
        'body-too-large',
        'unsupported-media-type',
        'target-failed',
        'deadline-exceeded',
      ],
      handle: inferRoute(plane),
    },
    {
      method: 'all',
      path: '/v1/proxy/{endpoint}/{+path}',
      access,
      id: 'proxy',
      tag,
      summary: "Pass a request on to the variant's HTTP target",
      parameters: context,
      answers: { default: { description: "The target's answer, as a stream" } },
      problems: [
        'invalid-request',
        'invalid-context',
        'not-found',
        'wrong-target-kind',
        'target-failed',
        'deadline-exceeded',
      ],
      handle: proxyRoute(plane),
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
      answers: {
        200: anObject('How many were taken, and what is wrong with the others', {
          accepted: 1,
          rejected: [],
        }),
      },
      problems: ['invalid-request', 'body-too-large', 'unsupported-media-type'],
      handle: outcomeRoute(plane),
    },
    {
      method: 'get',
      path: '/v2/models/{endpoint}',
      access,
      id: 'modelMetadata',
      tag,
      summary: 'The endpoint as a model: its inputs and outputs',
      answers: {
        200: anObject('Metadata', {
          name: 'movie-ranking',
          versions: ['v1'],
          platform: 'onnx_runtime',
          inputs: [{ name: 'budget_usd', datatype: 'FP32', shape: [-1] }],
          outputs: [{ name: 'score', datatype: 'FP32', shape: [-1] }],
        }),
      },
      problems: ['not-found', 'wrong-target-kind', 'target-failed'],
      handle: modelMetadataRoute(plane),
    },
    {
      method: 'get',
      path: '/v2/models/{endpoint}/ready',
      access,
      id: 'modelReady',
      tag,
      summary: 'Whether any target of the endpoint is asked now',
      answers: { 200: anObject('Ready', { name: 'movie-ranking', ready: true }) },
      problems: ['not-found', 'not-ready'],
      handle: modelReadyRoute(plane),
    },
  ];
}

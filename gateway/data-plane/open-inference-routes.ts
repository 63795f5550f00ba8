import { OVERRIDE_HEADER } from '../access/override-token.ts';
import { anObject, headerParameter, jsonBody } from '../http/openapi-parts.ts';
import { type DirectRoute, type Route, tenantKey } from '../http/route.ts';
import type { DataPlane } from './data-plane.ts';
import { inferRoute } from './infer-route.ts';
import {
  modelConfigRoute,
  modelMetadataRoute,
  modelReadyRoute,
  modelStatisticsRoute,
} from './model-routes.ts';
import { openInferenceProtocol } from './open-inference-protocol.ts';
import { repositoryIndexRoute } from './repository-index-route.ts';
import { LIMIT_PROBLEMS, withinLimits } from './within-limits.ts';

const tag = 'data plane';
const access = tenantKey('infer');

/** Forces variants for a tester. */
export const OVERRIDE = headerParameter(
  OVERRIDE_HEADER,
  'An override token: its variants, whatever the draw says; the request leaves no exposures',
);

/** What a request may say of its unit and its time, in headers. */
export const CONTEXT_HEADERS = [
  headerParameter('x-switchyard-unit', "Id of the experiment's unit"),
  headerParameter('x-switchyard-context', 'base64url of a JSON object of attributes'),
  OVERRIDE,
  headerParameter('x-switchyard-debug', '`decisions`: tell in `x-switchyard-decisions` what was decided'),
  headerParameter('x-request-timeout-ms', 'Deadline, capped by the endpoint', { schema: { type: 'number' } }),
];

/** What may go wrong with an inference, whatever its protocol. */
export const INFERENCE_PROBLEMS = [
  'invalid-request',
  'request-rejected',
  'invalid-context',
  'not-found',
  'wrong-target-kind',
  ...LIMIT_PROBLEMS,
  'overloaded',
  'unsupported-media-type',
  'target-failed',
  'deadline-exceeded',
] as const;

const INPUT = { name: 'budget_usd', datatype: 'FP32', shape: [2], data: [97_000_000, 12_000_000] };
const OUTPUT = { name: 'score', datatype: 'FP32', shape: [2], data: [0.71, 0.42] };
const METADATA = {
  name: 'movie-ranking',
  versions: ['v1'],
  platform: 'onnx_onnxv1',
  inputs: [{ name: 'budget_usd', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'score', datatype: 'FP32', shape: [-1] }],
};
/** JSON, and the bytes of the tensors behind it. */
const BINARY = {
  'application/octet-stream': {
    schema: { type: 'string', contentEncoding: 'binary' },
    example: '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}…',
  },
};

/** A route of a whole endpoint, and the same of one version of it. */
export function ofBoth<R extends Route>(route: R): R[] {
  const path = route.path.replace('{endpoint}', '{endpoint}/versions/{version}');
  return [route, { ...route, path, id: `${route.id}OfVersion` }];
}

/** The Open Inference Protocol v2 with its extensions, at an endpoint. */
export function openInferenceRoutes(plane: DataPlane): (Route | DirectRoute)[] {
  const model = { method: 'get', access, tag } as const;
  return [
    ...ofBoth<DirectRoute>({
      ...model,
      direct: true,
      method: 'post',
      path: '/v2/models/{endpoint}/infer',
      id: 'infer',
      summary:
        'Inference by the Open Inference Protocol v2; a version asked for is served outside of experiments',
      parameters: CONTEXT_HEADERS,
      body: { ...jsonBody({ type: 'object', required: ['inputs'] }, { inputs: [INPUT] }), ...BINARY },
      answers: {
        200: {
          description: 'Outputs',
          content: {
            ...jsonBody({ type: 'object' }, { model_name: 'movie-ranker', outputs: [OUTPUT] }),
            ...BINARY,
          },
        },
      },
      problems: INFERENCE_PROBLEMS,
      handle: withinLimits(plane, inferRoute(plane, openInferenceProtocol)),
    }),
    ...ofBoth({
      ...model,
      path: '/v2/models/{endpoint}',
      id: 'modelMetadata',
      summary: 'The endpoint as a model: its versions, inputs and outputs',
      answers: { 200: anObject('Metadata', METADATA) },
      problems: ['not-found', 'wrong-target-kind', 'target-failed'],
      handle: modelMetadataRoute(plane),
    }),
    ...ofBoth({
      ...model,
      path: '/v2/models/{endpoint}/config',
      id: 'modelConfig',
      summary: "The endpoint as a model configuration, as Triton's clients ask for it",
      answers: {
        200: anObject('Configuration', { name: 'movie-ranking', max_batch_size: 0, input: [], output: [] }),
      },
      problems: ['not-found', 'wrong-target-kind', 'target-failed'],
      handle: modelConfigRoute(plane),
    }),
    ...ofBoth({
      ...model,
      path: '/v2/models/{endpoint}/stats',
      id: 'modelStatistics',
      summary: 'Inferences of this process since it started',
      answers: {
        200: anObject('Statistics', {
          model_stats: [{ name: 'movie-ranking', version: 'v1', inference_count: 7 }],
        }),
      },
      problems: ['not-found'],
      handle: modelStatisticsRoute(plane),
    }),
    ...ofBoth({
      ...model,
      path: '/v2/models/{endpoint}/ready',
      id: 'modelReady',
      summary: 'Whether any target of the endpoint is asked now',
      answers: { 200: anObject('Ready', { name: 'movie-ranking', ready: true }) },
      problems: ['not-found', 'not-ready'],
      handle: modelReadyRoute(plane),
    }),
    {
      ...model,
      method: 'post',
      path: '/v2/repository/index',
      id: 'repositoryIndex',
      summary: 'The endpoints that this key may call, each version with its state',
      body: jsonBody({ type: 'object', properties: { ready: { type: 'boolean' } } }, { ready: true }),
      answers: {
        200: {
          description: 'Versions',
          content: jsonBody({ type: 'array', items: { type: 'object' } }, [
            { name: 'movie-ranking', version: 'v1', state: 'READY', reason: '' },
          ]),
        },
      },
      problems: ['invalid-request', 'body-too-large', 'unsupported-media-type'],
      handle: repositoryIndexRoute(plane),
    },
  ];
}

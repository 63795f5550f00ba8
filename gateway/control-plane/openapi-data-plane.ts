import { LIVE_PATH, READY_PATH } from '../config.ts';
import { type Json, jsonBody, pathParameter, problems, ref } from './openapi-parts.ts';

const tags = ['data plane'];
const security = [{ tenantKey: [] }, { tenantKeyHeader: [] }];
const endpoint = pathParameter('endpoint');

/** What a request may say of its unit and its time, in headers. */
const context: readonly Json[] = [
  {
    name: 'x-switchyard-unit',
    in: 'header',
    description: "Id of the experiment's unit",
    schema: { type: 'string' },
  },
  {
    name: 'x-switchyard-context',
    in: 'header',
    description: 'base64url of a JSON object of attributes',
    schema: { type: 'string' },
  },
  {
    name: 'x-request-timeout-ms',
    in: 'header',
    description: 'Deadline, capped by the endpoint',
    schema: { type: 'number' },
  },
];

const anObject = (description: string): Json => ({ description, content: jsonBody({ type: 'object' }) });

/** What tenants call. */
export function dataPlanePaths(): Json {
  return { ...modelPaths(), ...proxyPath(), ...outcomePath() };
}

function modelPaths(): Json {
  return {
    '/v2/models/{endpoint}': {
      get: {
        tags,
        operationId: 'modelMetadata',
        summary: 'The endpoint as a model: its inputs and outputs',
        security,
        parameters: [endpoint],
        responses: {
          200: anObject('Metadata'),
          ...problems('unauthenticated', 'not-found', 'wrong-target-kind', 'target-failed', 'not-ready'),
        },
      },
    },
    '/v2/models/{endpoint}/ready': {
      get: {
        tags,
        operationId: 'modelReady',
        summary: 'Whether any target of the endpoint is asked now',
        security,
        parameters: [endpoint],
        responses: { 200: anObject('Ready'), ...problems('unauthenticated', 'not-found', 'not-ready') },
      },
    },
    '/v2/models/{endpoint}/infer': {
      post: {
        tags,
        operationId: 'infer',
        summary: 'Inference by the Open Inference Protocol v2',
        security,
        parameters: [endpoint, ...context],
        requestBody: { required: true, content: jsonBody({ type: 'object', required: ['inputs'] }) },
        responses: {
          200: anObject('Outputs'),
          ...problems(
            'invalid-request',
            'request-rejected',
            'invalid-context',
            'unauthenticated',
            'not-found',
            'wrong-target-kind',
            'body-too-large',
            'unsupported-media-type',
            'target-failed',
            'not-ready',
            'deadline-exceeded',
          ),
        },
      },
    },
  };
}

function proxyPath(): Json {
  const proxied = (method: string) => ({
    tags,
    operationId: `proxy${method[0]?.toUpperCase()}${method.slice(1)}`,
    summary: "Pass a request on to the variant's HTTP target",
    security,
    parameters: [endpoint, pathParameter('path'), ...context],
    responses: {
      default: { description: "The target's answer, as a stream" },
      ...problems(
        'invalid-request',
        'invalid-context',
        'unauthenticated',
        'not-found',
        'wrong-target-kind',
        'target-failed',
        'not-ready',
        'deadline-exceeded',
      ),
    },
  });
  const methods = ['get', 'head', 'put', 'post', 'delete', 'patch', 'options'];
  return {
    '/v1/proxy/{endpoint}/{path}': Object.fromEntries(methods.map((method) => [method, proxied(method)])),
  };
}

function outcomePath(): Json {
  return {
    '/v1/outcomes': {
      post: {
        tags,
        operationId: 'reportOutcomes',
        summary: 'Report what units did, up to 1,000 at a time; idempotent by id',
        security,
        requestBody: { required: true, content: jsonBody(ref('Outcomes')) },
        responses: {
          200: anObject('How many were taken, and what is wrong with the others'),
          ...problems(
            'invalid-request',
            'unauthenticated',
            'body-too-large',
            'unsupported-media-type',
            'not-ready',
          ),
        },
      },
    },
  };
}

/** What anybody may ask: who this is, whether it lives, and this document. */
export function openPaths(): Json {
  const open = (operationId: string, summary: string, mayBeUnready = false) => ({
    get: {
      tags: ['operations'],
      operationId,
      summary,
      security: [],
      responses: {
        200: anObject(summary),
        ...(mayBeUnready ? { 503: anObject('Not ready, or draining') } : {}),
      },
    },
  });
  return {
    '/v2': open('serverMetadata', 'Name, version and extensions, as the Open Inference Protocol has it'),
    '/v2/health/live': open('serverLive', 'The process runs'),
    '/v2/health/ready': open('serverReady', 'Requests are served', true),
    [LIVE_PATH]: open('live', 'The process runs'),
    [READY_PATH]: open('ready', 'Requests are served, from this revision of the configuration', true),
    '/openapi.json': open('openApi', 'This document'),
  };
}

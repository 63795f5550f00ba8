import { RESOURCE_KINDS, type ResourceKind } from '../catalogue/resources.ts';
import { type Json, jsonBody, pathParameter, problems, ref, schemaName } from './openapi-parts.ts';

const ifMatch: Json = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'ETag of the thing as you read it, or * to overwrite',
  schema: { type: 'string' },
};
const etag: Json = { ETag: { description: 'Its revision, for If-Match', schema: { type: 'string' } } };
const paging: readonly Json[] = [
  { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 500, default: 100 } },
  { name: 'after', in: 'query', description: 'The "next" of the page before', schema: { type: 'string' } },
];

const created = (schema: Json): Json => ({
  description: 'Created',
  headers: etag,
  content: jsonBody(schema),
});
const answered = (schema: Json): Json => ({ description: 'OK', headers: etag, content: jsonBody(schema) });
const page = (schema: Json): Json => ({
  description: 'A page, in key order',
  content: jsonBody({
    type: 'object',
    required: ['items', 'next'],
    properties: { items: { type: 'array', items: schema }, next: { type: ['string', 'null'] } },
  }),
});

/** What operators and product teams call. */
export function controlPlanePaths(): Json {
  return {
    ...Object.assign({}, ...RESOURCE_KINDS.map(resourcePaths)),
    ...keyPaths(),
    ...experimentPaths(),
    ...auditPath(),
  };
}

function resourcePaths(kind: ResourceKind): Json {
  const name = schemaName(kind.singular);
  const parents = kind.parent === undefined ? [] : [pathParameter('model')];
  const collection =
    kind.parent === undefined ? `/admin/v1/${kind.name}` : `/admin/v1/${kind.parent}/{model}/${kind.name}`;
  const one = [...parents, pathParameter('key')];
  const tags = [kind.name];
  const replace = {
    put: {
      tags,
      operationId: `replace${name}`,
      summary: `Replace a ${kind.singular}`,
      parameters: [...one, ifMatch],
      requestBody: { required: true, content: jsonBody(ref(name)) },
      responses: {
        200: answered(ref(`Stored${name}`)),
        ...problems(
          'invalid-request',
          'unauthenticated',
          'not-found',
          'wrong-state',
          'revision-mismatch',
          'invalid-configuration',
          'if-match-required',
          'store-unavailable',
        ),
      },
    },
  };
  return {
    [collection]: {
      get: {
        tags,
        operationId: `list${name}s`,
        summary: `List ${kind.name}`,
        parameters: [...parents, ...paging],
        responses: {
          200: page(ref(`Stored${name}`)),
          ...problems(
            'invalid-request',
            'unauthenticated',
            ...(parents.length > 0 ? (['not-found'] as const) : []),
            'store-unavailable',
          ),
        },
      },
      post: {
        tags,
        operationId: `create${name}`,
        summary: `Register a ${kind.singular}`,
        ...(parents.length > 0 ? { parameters: parents } : {}),
        requestBody: { required: true, content: jsonBody(ref(name)) },
        responses: {
          201: created(ref(`Stored${name}`)),
          ...problems(
            'invalid-request',
            'unauthenticated',
            'already-exists',
            'invalid-configuration',
            'store-unavailable',
          ),
        },
      },
    },
    [`${collection}/{key}`]: {
      get: {
        tags,
        operationId: `get${name}`,
        summary: `Read a ${kind.singular}`,
        parameters: one,
        responses: {
          200: answered(ref(`Stored${name}`)),
          ...problems('unauthenticated', 'not-found', 'store-unavailable'),
        },
      },
      ...(kind.immutable === true ? {} : replace),
      delete: {
        tags,
        operationId: `delete${name}`,
        summary: `Delete a ${kind.singular} that nothing refers to`,
        parameters: [...one, ifMatch],
        responses: {
          204: { description: 'Deleted' },
          ...problems(
            'unauthenticated',
            'not-found',
            'wrong-state',
            'revision-mismatch',
            'invalid-configuration',
            'if-match-required',
            'store-unavailable',
          ),
        },
      },
    },
  };
}

function experimentPaths(): Json {
  const parameters = [pathParameter('key')];
  const actions = ['start', 'pause', 'resume', 'stop'].map((action) => [
    `/admin/v1/experiments/{key}/${action}`,
    {
      post: {
        tags: ['experiments'],
        operationId: `${action}Experiment`,
        summary: `${action[0]?.toUpperCase()}${action.slice(1)} an experiment`,
        parameters: [...parameters, { ...ifMatch, required: false }],
        responses: {
          200: answered(ref('StoredExperiment')),
          ...problems(
            'unauthenticated',
            'not-found',
            'wrong-state',
            'revision-mismatch',
            'invalid-configuration',
            'store-unavailable',
          ),
        },
      },
    },
  ]);
  return {
    ...Object.fromEntries(actions),
    '/admin/v1/experiments/{key}/results': {
      get: {
        tags: ['experiments'],
        operationId: 'experimentResults',
        summary: 'The verdict on an experiment, with the numbers behind it',
        parameters: [
          ...parameters,
          {
            name: 'fresh',
            in: 'query',
            description: 'true: bring what is still in the spool to the lake first',
            schema: { type: 'boolean', default: false },
          },
        ],
        responses: {
          200: { description: 'Results', content: jsonBody({ type: 'object' }) },
          ...problems('unauthenticated', 'not-found', 'wrong-state', 'store-unavailable'),
        },
      },
    },
  };
}

function keyPaths(): Json {
  const tags = ['tenants'];
  const tenant = pathParameter('tenant');
  return {
    '/admin/v1/tenants/{tenant}/keys': {
      get: {
        tags,
        operationId: 'listKeys',
        summary: "List a tenant's API keys, without their secrets",
        parameters: [tenant],
        responses: {
          200: page(ref('ApiKey')),
          ...problems('unauthenticated', 'not-found', 'store-unavailable'),
        },
      },
      post: {
        tags,
        operationId: 'createKey',
        summary: 'Make an API key; its secret is in this answer only',
        parameters: [tenant],
        requestBody: { required: true, content: jsonBody(ref('ApiKeyRequest')) },
        responses: {
          201: { description: 'Created', content: jsonBody(ref('ApiKeyWithSecret')) },
          ...problems(
            'invalid-request',
            'unauthenticated',
            'not-found',
            'invalid-configuration',
            'store-unavailable',
          ),
        },
      },
    },
    '/admin/v1/tenants/{tenant}/keys/{id}': {
      delete: {
        tags,
        operationId: 'revokeKey',
        summary: 'Revoke an API key',
        parameters: [tenant, pathParameter('id')],
        responses: {
          204: { description: 'Revoked' },
          ...problems('unauthenticated', 'not-found', 'store-unavailable'),
        },
      },
    },
  };
}

function auditPath(): Json {
  return {
    '/admin/v1/audit': {
      get: {
        tags: ['audit'],
        operationId: 'listAudit',
        summary: 'Every change of the configuration, newest first',
        parameters: [
          ...paging,
          { name: 'kind', in: 'query', schema: { type: 'string' } },
          { name: 'key', in: 'query', schema: { type: 'string' } },
        ],
        responses: {
          200: page({ type: 'object' }),
          ...problems('invalid-request', 'unauthenticated', 'store-unavailable'),
        },
      },
    },
  };
}

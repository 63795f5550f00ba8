import { z } from 'zod';
import { EXPERIMENT_STATES } from '../../experiments/experiment.ts';
import { RESOURCE_KINDS, type ResourceKind } from '../catalogue/resources.ts';
import { apiKeyRequestSchema } from '../catalogue/tenant.ts';
import { outcomesRequestSchema } from '../pipeline/outcomes.ts';
import { PROBLEMS } from '../problems.ts';
import { dataPlanePaths, openPaths } from './openapi-data-plane.ts';
import { type Json, jsonBody, pathParameter, problems, ref } from './openapi-parts.ts';

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

const nameOf = (kind: ResourceKind) => kind.singular[0]?.toUpperCase() + kind.singular.slice(1);
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

function resourcePaths(kind: ResourceKind): Json {
  const name = nameOf(kind);
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

const storedFields = {
  revision: { type: 'integer' },
  createdAt: { type: 'string', format: 'date-time' },
  updatedAt: { type: 'string', format: 'date-time' },
};

/** What a client writes (`input`) and what it reads (`output`, with revision and times). */
function resourceSchemas(kind: ResourceKind): Json {
  const name = nameOf(kind);
  const stored = {
    ...storedFields,
    ...(kind.name === 'experiments' ? { state: { enum: [...EXPERIMENT_STATES] } } : {}),
  };
  return {
    [name]: schemaOf(kind.schema),
    [`Stored${name}`]: {
      type: 'object',
      description: `A ${kind.singular} as it is stored: what was written, with its defaults, revision and times`,
      required: [kind.keyField, ...Object.keys(stored)],
      properties: { [kind.keyField]: { type: 'string' }, ...stored },
    },
  };
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

const problemSchema: Json = {
  type: 'object',
  description: 'Problem details (RFC 9457)',
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable', 'instance', 'error'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { enum: Object.keys(PROBLEMS) },
    retryable: { type: 'boolean' },
    instance: { type: 'string' },
    error: {
      type: 'string',
      description: 'The detail again, where clients of the Open Inference Protocol look',
    },
    issues: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'code', 'message'],
        properties: {
          path: { type: 'string', description: 'JSON pointer (RFC 6901) into what was sent' },
          code: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
};

const apiKeyProperties = { id: { type: 'string' }, tenant: { type: 'string' }, name: { type: 'string' } };

/** The OpenAPI 3.1 document, generated from the schemas that validate. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchyard',
      version: '0.1.0',
      description: 'Experimentation and A/B routing gateway for models',
    },
    security: [{ adminKey: [] }],
    paths: {
      ...dataPlanePaths(),
      ...Object.assign({}, ...RESOURCE_KINDS.map(resourcePaths)),
      ...keyPaths(),
      ...experimentPaths(),
      ...auditPath(),
      ...openPaths(),
    },
    components: {
      securitySchemes: {
        adminKey: { type: 'http', scheme: 'bearer', description: 'The admin key' },
        tenantKey: { type: 'http', scheme: 'bearer', description: "A tenant's API key" },
        tenantKeyHeader: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      schemas: {
        ...Object.assign({}, ...RESOURCE_KINDS.map(resourceSchemas)),
        ApiKeyRequest: schemaOf(apiKeyRequestSchema),
        ApiKey: { type: 'object', required: ['id', 'tenant', 'name'], properties: apiKeyProperties },
        ApiKeyWithSecret: {
          type: 'object',
          required: ['id', 'tenant', 'name', 'secret'],
          properties: { ...apiKeyProperties, secret: { type: 'string' } },
        },
        Outcomes: schemaOf(outcomesRequestSchema),
        Problem: problemSchema,
      },
    },
  };
}

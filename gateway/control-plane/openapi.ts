import { z } from 'zod';
import { EXPERIMENT_STATES } from '../../experiments/experiment.ts';
import { RESOURCE_KINDS, type ResourceKind } from '../catalogue/resources.ts';
import { apiKeyRequestSchema } from '../catalogue/tenant.ts';
import { outcomesRequestSchema } from '../pipeline/outcomes.ts';
import { PROBLEMS } from '../problems.ts';
import { controlPlanePaths } from './openapi-control-plane.ts';
import { dataPlanePaths, openPaths } from './openapi-data-plane.ts';
import { type Json, schemaName } from './openapi-parts.ts';

const storedFields = {
  revision: { type: 'integer' },
  createdAt: { type: 'string', format: 'date-time' },
  updatedAt: { type: 'string', format: 'date-time' },
};

/** What a client writes (`input`) and what it reads (`output`, with revision and times). */
function resourceSchemas(kind: ResourceKind): Json {
  const name = schemaName(kind.singular);
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
      ...controlPlanePaths(),
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

import { EXPERIMENT_STATES } from '../../experiments/experiment.ts';
import { powerSchema } from '../analysis/schema/power-schema.ts';
import { resultsSchema } from '../analysis/schema/results-schema.ts';
import { RESOURCE_KINDS, type ResourceKind } from '../catalogue/resources.ts';
import { type Json, schemaName, schemaOf } from '../http/openapi-parts.ts';
import { outcomesRequestSchema } from '../pipeline/outcomes.ts';
import { exposuresRequestSchema } from '../pipeline/reported-exposures.ts';
import { PROBLEMS } from '../problems.ts';

/** Every schema that routes refer to by name. */
export function componentSchemas(): Json {
  return {
    ...Object.assign({}, ...RESOURCE_KINDS.map(resourceSchemas)),
    Outcomes: schemaOf(outcomesRequestSchema),
    Exposures: schemaOf(exposuresRequestSchema),
    ExperimentResults: schemaOf(resultsSchema, 'output'),
    ExperimentPower: schemaOf(powerSchema, 'output'),
    Problem: problemSchema,
  };
}

const storedFields = {
  revision: { type: 'integer' },
  createdAt: { type: 'string', format: 'date-time' },
  updatedAt: { type: 'string', format: 'date-time' },
};

/** What a client writes (`input`) and what it reads (`output`, with its defaults, revision and times). */
function resourceSchemas(kind: ResourceKind): Json {
  const name = schemaName(kind.singular);
  const state = { state: { enum: [...EXPERIMENT_STATES] } };
  return {
    [name]: schemaOf(kind.schema),
    [`Stored${name}`]: {
      description: `A ${kind.singular} as it is stored: what was written, with its defaults, revision and times`,
      ...withFields(schemaOf(kind.schema, 'output'), {
        ...storedFields,
        ...(kind.name === 'experiments' ? state : {}),
      }),
    },
  };
}

/** The schema of an object, or of one of several, with more fields that are always there. */
function withFields(schema: Json, fields: Json): Json {
  const { oneOf } = schema;
  if (Array.isArray(oneOf)) return { ...schema, oneOf: oneOf.map((one: Json) => withFields(one, fields)) };
  const { properties = {}, required = [] } = schema as { properties?: Json; required?: readonly string[] };
  return {
    ...schema,
    properties: { ...properties, ...fields },
    required: [...required, ...Object.keys(fields)],
  };
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
          value: { description: 'What was found there, where that is a single value' },
          suggestion: { type: 'string', description: 'What would do instead' },
        },
      },
    },
  },
};

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import type { Experiment } from './experiment.ts';
import type { Issue } from './issue.ts';
import type { JsonObject } from './json-object.ts';

/** Patterns run in linear time, whoever wrote them. */
const linearPattern = Object.assign((pattern: string) => RE2JS.compile(pattern), { code: 're2js' });

/** Schemas of parsed configuration never change: each is compiled once. */
const compiledSchemas = new WeakMap<JsonObject, ValidateFunction | Error>();

/**
 * What is wrong with the parameters of each variant: by the experiment's own JSON Schema and by the one that
 * its endpoint sets for all. A variant without parameters counts as one with an empty object.
 */
export function parameterIssues(experiment: Experiment, endpointSchema: JsonObject | undefined): Issue[] {
  const own = experiment.parametersSchema;
  return [
    ...(own === undefined ? [] : schemaIssues(own, '/parametersSchema')),
    ...[own, endpointSchema].flatMap((schema) =>
      schema === undefined
        ? []
        : experiment.variants.flatMap(({ parameters = {} }, index) =>
            mismatches(schema, parameters, `/variants/${index}/parameters`),
          ),
    ),
  ];
}

/** Why a JSON Schema cannot be used, at `path`. */
function schemaIssues(schema: JsonObject, path: string): Issue[] {
  const compiled = compiledSchema(schema);
  if (!(compiled instanceof Error)) return [];
  return [{ path, code: 'invalid-schema', message: `is not a JSON Schema (2020-12): ${compiled.message}` }];
}

/** What a schema finds wrong with a value at `path`; nothing where the schema itself cannot be used. */
function mismatches(schema: JsonObject, value: unknown, path: string): Issue[] {
  const validate = compiledSchema(schema);
  if (validate instanceof Error || validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = 'does not match', params }) => ({
    path: path + instancePath,
    code: 'parameters-mismatch',
    message: `${message}${detail(params)}: change the value, or the schema`,
  }));
}

function compiledSchema(schema: JsonObject): ValidateFunction | Error {
  const known = compiledSchemas.get(schema);
  if (known !== undefined) return known;
  const compiled = compile(schema);
  compiledSchemas.set(schema, compiled);
  return compiled;
}

function compile(schema: JsonObject): ValidateFunction | Error {
  try {
    // One instance per schema: two may carry the same $id.
    return new Ajv2020({ allErrors: true, strict: true, code: { regExp: linearPattern } }).compile(schema);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** What ajv leaves out of its message: the values allowed, the field that is one too many. */
function detail({ allowedValues, additionalProperty }: Record<string, unknown>): string {
  if (Array.isArray(allowedValues)) return ` (${allowedValues.join(', ')})`;
  return typeof additionalProperty === 'string' ? ` ("${additionalProperty}")` : '';
}

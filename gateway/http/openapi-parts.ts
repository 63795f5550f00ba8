import { z } from 'zod';
import { PROBLEMS, Problem, type ProblemCode, problemBody } from '../problems.ts';
import { PROBLEM_DETAILS } from './problem-details.ts';

/** A part of the OpenAPI document. */
export type Json = Readonly<Record<string, unknown>>;

/** A schema of the document by its name. */
export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** What a schema validates, as the document shows it: `input` is what a client sends. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'input'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** Content of a request or an answer, with an example where there is one. */
export const jsonBody = (schema: Json, example?: unknown): Json => ({
  'application/json': example === undefined ? { schema } : { schema, example },
});

/** An answer that is a JSON object. */
export const anObject = (description: string, example?: unknown): Json => ({
  description,
  content: jsonBody({ type: 'object' }, example),
});

/** An optional parameter of the query. */
export const queryParameter = (
  name: string,
  description: string,
  schema: Json = { type: 'string' },
): Json => ({
  name,
  in: 'query',
  description,
  schema,
});

/** A request header. */
export const headerParameter = (
  name: string,
  description: string,
  { required = false, schema = { type: 'string' } }: { required?: boolean; schema?: Json } = {},
): Json => ({ name, in: 'header', required, description, schema });

/** The request id of every example. */
const EXAMPLE_REQUEST_ID = '019ab2c4-7d1e-7c3a-9f00-3f6d2a1b4c5d';

/** Problem answers by status; several codes may share one, each with its example. */
export function problems(codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `${code}: ${PROBLEMS[code].title}`).join('; '),
        content: {
          'application/problem+json': {
            schema: ref('Problem'),
            examples: Object.fromEntries(group.map((code) => [code, { value: exampleOf(code) }])),
          },
        },
      },
    ]),
  );
}

function exampleOf(code: ProblemCode): Json {
  return problemBody(new Problem(code, PROBLEM_DETAILS[code]), EXAMPLE_REQUEST_ID);
}

/** Name of a resource's schema: `Experiment` for `experiment`. */
export const schemaName = (singular: string): string => `${singular[0]?.toUpperCase()}${singular.slice(1)}`;

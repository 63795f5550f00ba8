import { PROBLEMS, type ProblemCode } from '../problems.ts';

/** A part of the document. */
export type Json = Record<string, unknown>;

/** A schema of the document by its name. */
export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
/** Content of a request or an answer. */
export const jsonBody = (schema: Json): Json => ({ 'application/json': { schema } });
/** A parameter of the path, by the name it has there. */
export const pathParameter = (name: string): Json => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
});

/** Problem answers by status; several codes may share one. */
export function problems(...codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `${code}: ${PROBLEMS[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  );
}

/** Name of a resource's schema: `Experiment` for `experiment`. */
export const schemaName = (singular: string): string => `${singular[0]?.toUpperCase()}${singular.slice(1)}`;

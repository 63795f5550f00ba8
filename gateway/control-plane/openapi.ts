import { type Json, problems } from '../http/openapi-parts.ts';
import { type Access, commonProblems, type Route } from '../http/route.ts';
import { componentSchemas } from './openapi-schemas.ts';

/** What a route that takes any method is documented under. */
const METHODS = ['get', 'head', 'put', 'post', 'delete', 'patch', 'options'] as const;

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly Route[]): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchyard',
      version: '0.1.0',
      description: 'Experimentation and A/B routing gateway for models',
    },
    paths: pathsOf(routes),
    components: {
      securitySchemes: {
        adminKey: { type: 'http', scheme: 'bearer', description: 'A key of the control plane' },
        tenantKey: { type: 'http', scheme: 'bearer', description: "A tenant's API key" },
        tenantKeyHeader: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      schemas: componentSchemas(),
    },
  };
}

function pathsOf(routes: readonly Route[]): Json {
  const byPath = Map.groupBy(routes, ({ path }) => path.replace('{+', '{'));
  return Object.fromEntries(
    [...byPath].map(([path, of]) => [path, Object.assign({}, ...of.map((route) => operations(route, path)))]),
  );
}

function operations(route: Route, path: string): Json {
  if (route.method !== 'all') return { [route.method]: operation(route, path, route.id) };
  return Object.fromEntries(
    METHODS.map((method) => [method, operation(route, path, `${route.id}${capitalised(method)}`)]),
  );
}

function operation(route: Route, path: string, operationId: string): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const parameters = [...inPath, ...(route.parameters ?? [])];
  return {
    tags: [route.tag],
    operationId,
    summary: route.summary,
    security: securityOf(route.access),
    'x-access': accessOf(route.access),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: route.body } }),
    responses: {
      ...route.answers,
      ...problems([...commonProblems(route.access), ...(route.problems ?? [])]),
    },
  };
}

function securityOf({ kind }: Access): readonly Json[] {
  switch (kind) {
    case 'open':
      return [];
    case 'tenant-key':
      return [{ tenantKey: [] }, { tenantKeyHeader: [] }];
    case 'roles':
      return [{ adminKey: [] }];
  }
}

/** Who may call it: `open`, the scope of a tenant's key, or the roles. */
function accessOf(access: Access): unknown {
  switch (access.kind) {
    case 'open':
      return 'open';
    case 'tenant-key':
      return { scope: access.scope };
    case 'roles':
      return { roles: [...access.roles, 'admin'] };
  }
}

const capitalised = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`;

import { Validator } from '@seriousme/openapi-schema-validator';
import type { Router } from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCE_KINDS } from '../../gateway/catalogue/resources.ts';
import { type AppOptions, createApp } from '../../gateway/http/app.ts';
import { PROBLEMS } from '../../gateway/problems.ts';
import { ADMIN_KEY, call, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let secret: string;
let document: { readonly paths: Record<string, Record<string, Operation>> } & Record<string, unknown>;

interface Operation {
  readonly operationId: string;
  readonly security?: readonly Record<string, unknown>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Record<string, { readonly content?: Contents }>;
  readonly 'x-access'?: unknown;
}

type Contents = Record<string, object>;

beforeAll(async () => {
  gateway = await startTestGateway();
  ({ secret } = await gateway.tenant('acme'));
  document = (await call(`${gateway.url}/openapi.json`)).body;
});

afterAll(() => gateway.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );

/** What is sent and answered, by media type; readiness is shown where it is the expected answer. */
function contentsOf({ requestBody, responses }: Operation): [string, object][] {
  const answers = Object.entries(responses).filter(([status]) => status !== '503');
  const contents = [requestBody?.content ?? {}, ...answers.map(([, { content = {} }]) => content)];
  return contents.flatMap((content) => Object.entries(content));
}

/** Every route that the application has, as method and the end of its path, parameters without their names. */
function routesOf(stack: Router['stack']): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route === undefined) return 'stack' in handle ? routesOf((handle as Router).stack) : [];
    const methods = [...new Set(route.stack.map(({ method }) => method ?? 'all'))];
    // A route may have several paths.
    return [route.path].flat().flatMap((path) => methods.map((method) => `${method} ${withoutNames(path)}`));
  });
}

/** A colon that is no parameter's is escaped in a route, and follows a parameter in the document. */
const withoutNames = (path: string) =>
  path
    .replace(/\\:|(?<=\}):/g, '~')
    .replace(/\{\/\*\w+\}/, '/{}')
    .replace(/:\w+|\{\w+\}/g, '{}');

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result).toMatchObject({ valid: true });
    expect(document['openapi']).toMatch(/^3\.1\./);
    expect(await new Validator().validate({ ...document, paths: [] })).toMatchObject({ valid: false });
  });

  it('names every operation once, and every parameter of a path', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
    }
  });

  it('refers to nothing that it does not hold', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path]) => path,
    );
    expect(references.length).toBeGreaterThan(20);
    for (const reference of new Set(references)) {
      const found = (reference ?? '')
        .split('/')
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
      expect(found, reference).toBeDefined();
    }
  });

  it('holds no operation that the gateway does not have', async () => {
    for (const { method, path, operation } of operations()) {
      const key = operation.security?.some((way) => 'tenantKey' in way) === true ? secret : ADMIN_KEY;
      const url = `${gateway.url}${path.replace(/\{\w+\}/g, 'nothing')}`;
      const answer = await call(url, { method, headers: { 'x-api-key': key } });
      expect(answer.body.detail ?? '', `${method} ${path}`).not.toMatch(/^there is no [A-Z]+ \//);
      expect(answer.status, `${method} ${path}`).not.toBe(401);
      const documented = answer.status in operation.responses || 'default' in operation.responses;
      expect(documented, `${method} ${path} answers ${answer.status}`).toBe(true);
    }
    const unknown = await call(`${gateway.url}/admin/v1/nothing`, { headers: { 'x-api-key': ADMIN_KEY } });
    expect(unknown.body.detail).toMatch(/^there is no GET \//);
  });

  it('says 401 of every operation that wants a key, and only of those', async () => {
    for (const { method, path, operation } of operations()) {
      const answer = await call(`${gateway.url}${path.replace(/\{\w+\}/g, 'nothing')}`, { method });
      const open = operation.security?.length === 0;
      expect(answer.status === 401, `${method} ${path} answers ${answer.status}`).toBe(!open);
      expect('401' in operation.responses, `${method} ${path}`).toBe(!open);
    }
  });

  it('holds every route that the gateway has', () => {
    // No request is made: the parts that answer one are not needed.
    const unused = {} as AppOptions;
    const app = createApp({
      ...unused,
      logger: pino({ level: 'silent' }),
      corsOrigins: [],
      authentication: {} as AppOptions['authentication'],
      dataPlane: {} as AppOptions['dataPlane'],
      admin: {} as AppOptions['admin'],
    });
    const documented = operations().map(
      ({ method, path }) => `${method.toLowerCase()} ${withoutNames(path)}`,
    );
    const routes = routesOf(app.router.stack);
    expect(routes.length).toBeGreaterThan(40);
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const found = documented.some(
        (operation) =>
          (method === 'all' || operation.startsWith(`${method} `)) && operation.endsWith(` ${path}`),
      );
      expect(found, route).toBe(true);
    }
    const proxied = documented.filter((operation) => operation.includes('/v1/proxy/'));
    expect(documented).toHaveLength(routes.length - 1 + proxied.length);
  });

  it('says of every operation who may call it, and how a request and an answer look', () => {
    for (const { method, path, operation } of operations()) {
      expect(operation['x-access'], `${method} ${path}`).toBeDefined();
      for (const [type, content] of contentsOf(operation)) {
        const shown = 'example' in content || 'examples' in content;
        expect(shown, `${method} ${path} shows no example of ${type}`).toBe(true);
      }
    }
  });

  it('shows for every problem what its detail says, each its own', () => {
    const shown = new Map<string, string>();
    for (const { path, operation } of operations()) {
      for (const { content = {} } of Object.values(operation.responses)) {
        const { examples = {} } = (content['application/problem+json'] ?? {}) as {
          examples?: Record<
            string,
            { value: { code: string; title: string; detail: string; error: string } }
          >;
        };
        for (const [code, { value }] of Object.entries(examples)) {
          expect(value, path).toMatchObject({ code, error: value.detail });
          expect(value.detail, code).not.toBe(value.title);
          shown.set(code, value.detail);
        }
      }
    }
    expect(shown.size).toBeGreaterThan(20);
    expect(new Set(shown.values()).size).toBe(shown.size);
  });

  it('shows examples that its own schemas accept', () => {
    for (const kind of RESOURCE_KINDS) {
      expect(kind.schema.safeParse(kind.example), kind.name).toMatchObject({ success: true });
    }
  });

  it('knows every problem code', () => {
    const schemas = (document['components'] as { schemas: Record<string, { properties: { code: unknown } }> })
      .schemas;
    expect(schemas['Problem']?.properties.code).toEqual({ enum: Object.keys(PROBLEMS) });
  });
});

import type { z } from 'zod';
import { apiKeyRequestSchema, rotationSchema, serviceKeyRequestSchema } from '../catalogue/api-key.ts';
import { API_KEYS, SERVICE_KEYS } from '../catalogue/resources.ts';
import { type Json, jsonBody, schemaOf } from '../http/openapi-parts.ts';
import type { RoleAccess, Route } from '../http/route.ts';
import { answered, created, deleted, ifMatch, page, paging } from './route-parts.ts';

/** A kind of key: whose it is, where it is kept, what it takes to make one. */
export interface KeyKind {
  /** Collection of the store. */
  readonly name: string;
  readonly path: string;
  readonly tag: string;
  /** `ApiKey`: names its operations. */
  readonly title: string;
  readonly access: RoleAccess;
  readonly schema: z.ZodType<Record<string, unknown>>;
  readonly secretPrefix: string;
  /** Fields that come from the path. */
  readonly owner: (params: Readonly<Record<string, string>>) => Readonly<Record<string, unknown>>;
  readonly example: Readonly<Record<string, unknown>>;
}

export const TENANT_KEY_KIND: KeyKind = {
  name: API_KEYS,
  path: '/admin/v1/tenants/{tenant}/keys',
  tag: 'tenants',
  title: 'Key',
  access: { kind: 'roles', roles: ['tenant-admin'], tenantParameter: 'tenant' },
  schema: apiKeyRequestSchema,
  secretPrefix: 'sy_',
  owner: ({ tenant }) => ({ tenant }),
  example: { name: 'backend', scopes: ['infer', 'outcomes'], expiresAt: '2027-06-30T00:00:00Z' },
};

export const SERVICE_KEY_KIND: KeyKind = {
  name: SERVICE_KEYS,
  path: '/admin/v1/service-keys',
  tag: 'service keys',
  title: 'ServiceKey',
  access: { kind: 'roles', roles: [] },
  schema: serviceKeyRequestSchema,
  secretPrefix: 'sys_',
  owner: () => ({}),
  example: { name: 'deploy pipeline', roles: ['experimenter'], expiresAt: '2027-06-30T00:00:00Z' },
};

type Declaration = Omit<Route, 'handle'>;

/** The routes of a kind of key: who may call them, and what the document says of them. */
export function keyDeclarations(
  kind: KeyKind,
): Readonly<Record<'create' | 'list' | 'get' | 'rotate' | 'revoke', Declaration>> {
  const { path, access, tag, title } = kind;
  const one = `${path}/{id}`;
  const shown = { ...exampleOf(kind), previousValidUntil: null };
  const listed = { ...shown, createdAt: '2026-11-02T09:30:00.000Z', lastUsedAt: '2026-11-20T12:00:00.000Z' };
  const secret = { ...shown, secret: `${kind.secretPrefix}${'x'.repeat(43)}` };
  const base = { access, tag };
  const changes = ['not-found', 'revision-mismatch', 'write-contention'] as const;
  return {
    create: {
      ...base,
      method: 'post',
      path,
      id: `create${title}`,
      summary: 'Make a key; its secret is in this answer only',
      body: jsonBody(schemaOf(kind.schema), kind.example),
      answers: { 201: created(shape(['id', 'name', 'secret']), secret) },
      problems: ['invalid-request', 'not-found', 'invalid-configuration', 'write-contention'],
    },
    list: {
      ...base,
      method: 'get',
      path,
      id: `list${title}s`,
      summary: 'List keys, without their secrets',
      parameters: paging,
      answers: { 200: page(shape(['id', 'name']), listed) },
      problems: ['invalid-request', 'not-found'],
    },
    get: {
      ...base,
      method: 'get',
      path: one,
      id: `get${title}`,
      summary: 'Read a key, without its secret',
      answers: { 200: answered(shape(['id', 'name']), listed) },
      problems: ['not-found'],
    },
    rotate: {
      ...base,
      method: 'post',
      path: `${one}/rotate`,
      id: `rotate${title}`,
      summary: 'Give a key a new secret; the old one goes on working for the time of the overlap',
      parameters: [ifMatch({ required: false })],
      body: jsonBody(schemaOf(rotationSchema), { overlapSeconds: 3_600 }),
      answers: { 200: answered(shape(['id', 'name', 'secret']), secret) },
      problems: ['invalid-request', 'invalid-configuration', ...changes],
    },
    revoke: {
      ...base,
      method: 'delete',
      path: one,
      id: `revoke${title}`,
      summary: 'Revoke a key, with every secret it had',
      parameters: [ifMatch({ required: false })],
      answers: deleted,
      problems: changes,
    },
  };
}

function exampleOf({ example, owner }: KeyKind): Json {
  return { id: '019ab2c4-7d1e-7c3a-9f00-3f6d2a1b4c5d', ...owner({ tenant: 'acme' }), ...example };
}

function shape(required: readonly string[]): Json {
  const text = { type: 'string' };
  return { type: 'object', required, properties: Object.fromEntries(required.map((name) => [name, text])) };
}

import type { ResourceKind } from '../catalogue/resources.ts';
import { type Json, jsonBody, ref, schemaName } from '../http/openapi-parts.ts';
import { type Access, READERS, type Route } from '../http/route.ts';
import { listParameters } from './list-query.ts';
import { answered, created, deleted, dryRun, ifMatch, page } from './route-parts.ts';

type Declaration = Omit<Route, 'handle'>;

/** A tenant-admin reads its own tenant. */
const READERS_AND_OWN = { kind: 'roles', roles: [...READERS.roles, 'tenant-admin'] } as const;

const STORED_AT = {
  revision: 17,
  createdAt: '2026-11-02T09:30:00.000Z',
  updatedAt: '2026-11-03T08:12:00.000Z',
};

/** A resource as it is answered, for the reference. */
export function storedExample(kind: ResourceKind): Json {
  const state = kind.name === 'experiments' ? { state: 'draft' } : {};
  return { ...kind.schema.parse(kind.example), ...state, ...STORED_AT };
}

/** The five routes of a kind of resource: who may call them, and what the document says of them. */
export function resourceDeclarations(
  kind: ResourceKind,
): Readonly<Record<'create' | 'list' | 'get' | 'replace' | 'remove', Declaration>> {
  const name = schemaName(kind.singular);
  const collection =
    kind.parent === undefined ? `/admin/v1/${kind.name}` : `/admin/v1/${kind.parent}/{model}/${kind.name}`;
  const one = `${collection}/{key}`;
  const tag = kind.name;
  const stored = ref(`Stored${name}`);
  const body = jsonBody(ref(name), kind.example);
  const example = storedExample(kind);
  const write: Access = { kind: 'roles', roles: kind.writers };
  const underParent = kind.parent === undefined ? [] : (['not-found'] as const);
  return {
    create: {
      method: 'post',
      path: collection,
      access: write,
      id: `create${name}`,
      tag,
      summary: `Register a ${kind.singular}`,
      parameters: [dryRun],
      body,
      answers: {
        200: { ...answered(stored, example), description: 'What it would be: a dry run' },
        201: created(stored, example),
      },
      problems: ['invalid-request', 'already-exists', 'invalid-configuration', 'write-contention'],
    },
    list: {
      method: 'get',
      path: collection,
      access: kind.name === 'tenants' ? READERS_AND_OWN : READERS,
      id: `list${schemaName(kind.name)}`,
      tag,
      summary: `List ${kind.name}`,
      parameters: listParameters(kind),
      answers: { 200: page(stored, example) },
      problems: ['invalid-request', ...underParent],
    },
    get: {
      method: 'get',
      path: one,
      access: kind.name === 'tenants' ? { ...READERS_AND_OWN, tenantParameter: 'key' } : READERS,
      id: `get${name}`,
      tag,
      summary: `Read a ${kind.singular}`,
      answers: { 200: answered(stored, example) },
      problems: ['not-found'],
    },
    replace: {
      method: 'put',
      path: one,
      access: write,
      id: `replace${name}`,
      tag,
      summary: `Replace a ${kind.singular}`,
      parameters: [ifMatch({ required: true }), dryRun],
      body,
      answers: { 200: answered(stored, example) },
      problems: [
        'invalid-request',
        'not-found',
        'wrong-state',
        'revision-mismatch',
        'invalid-configuration',
        'if-match-required',
        'write-contention',
      ],
    },
    remove: {
      method: 'delete',
      path: one,
      access: write,
      id: `delete${name}`,
      tag,
      summary: `Delete a ${kind.singular} that nothing refers to`,
      parameters: [ifMatch({ required: true }), dryRun],
      answers: deleted,
      problems: [
        'not-found',
        'wrong-state',
        'revision-mismatch',
        'invalid-configuration',
        'if-match-required',
        'write-contention',
      ],
    },
  };
}

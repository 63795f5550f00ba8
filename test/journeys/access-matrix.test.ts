import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../../gateway/access/principal.ts';
import { ACCESS_ROWS } from '../support/access-rows.ts';
import {
  ADMIN_KEY,
  type ApiAnswer,
  call,
  startTestGateway,
  type TestGateway,
} from '../support/test-gateway.ts';

let gateway: TestGateway;
let operations: readonly Operation[];
/** A caller of each kind → its key. */
const keys = new Map<string, string>();

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly documented: unknown;
}

const CALLERS = ['viewer', 'experimenter', 'reviewer', 'admin', 'tenant-admin'] as const;

beforeAll(async () => {
  gateway = await startTestGateway({ AUTH_FAILURES_PER_MINUTE: '100000' });
  for (const key of ['acme', 'globex']) await gateway.register('/tenants', { key });
  for (const role of CALLERS) {
    const tenant = role === 'tenant-admin' ? { tenant: 'acme' } : {};
    const { body } = await gateway.register('/service-keys', { name: role, roles: [role], ...tenant });
    keys.set(role, body.secret);
  }
  for (const scope of SCOPES) {
    const { body } = await gateway.register('/tenants/acme/keys', { name: scope, scopes: [scope] });
    keys.set(`scope ${scope}`, body.secret);
  }
  keys.set('bootstrap key', ADMIN_KEY);
  keys.set('unknown key', 'sys_unknown');
  const { body } = await call(`${gateway.url}/openapi.json`);
  operations = Object.entries<Record<string, Record<string, unknown>>>(body.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        id: String(operation['operationId']),
        method: method.toUpperCase(),
        path,
        documented: operation['x-access'],
      })),
  );
});

afterAll(() => gateway.stop());

/** The row of an operation, or undefined: an operation nobody decided about. */
const rowOf = (id: string) => Object.entries(ACCESS_ROWS).find(([, ids]) => ids.includes(id))?.[0];

/** Asks for things that are not there, with bodies that are not valid: nothing comes of what is let through. */
function ask({ method, path }: Operation, { tenant, caller }: { tenant: string; caller: string | null }) {
  const named = path
    .replace('{tenant}', tenant)
    .replace(/^(\/admin\/v1\/tenants\/)\{key\}/, `$1${tenant}`)
    .replace(/\{\w+\}/g, 'nothing');
  const key = caller === null ? undefined : keys.get(caller);
  return call(`${gateway.url}${named}`, {
    method,
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'x-api-key': key }) },
    ...(['POST', 'PUT', 'PATCH'].includes(method) ? { body: '{}' } : {}),
  });
}

/** What a caller must be told: let through, 401, 403, or 404 as if the tenant were not there. */
function expected(row: string, caller: string | null, tenant: string): string {
  if (row === 'open') return 'through';
  if (row.startsWith('scope ')) {
    if (caller === null || !caller.startsWith('scope ')) return '401';
    return caller === row ? 'through' : '403';
  }
  if (caller === null || caller.startsWith('scope ') || caller === 'unknown key') return '401';
  if (caller === 'admin' || caller === 'bootstrap key') return 'through';
  const roles = row.slice('roles'.length).trim().split(', ');
  if (roles.includes(caller)) return 'through';
  if (caller === 'tenant-admin' && roles.includes('any tenant')) return 'through';
  if (caller !== 'tenant-admin' || !roles.includes('own tenant')) return '403';
  return tenant === 'acme' ? 'through' : 'not there';
}

function verdictOf({ status, body }: ApiAnswer, tenant: string): string {
  if (status === 401 || status === 403) return String(status);
  const hidden = status === 404 && body.detail === `there is no tenant "${tenant}"`;
  return hidden ? 'not there' : 'through';
}

describe('who may call what', () => {
  it('is decided for every operation of the document, and for no other', () => {
    const decided = Object.values(ACCESS_ROWS).flat().sort();
    expect(new Set(decided).size).toBe(decided.length);
    expect(operations.map(({ id }) => id).sort()).toEqual(decided);
  });

  it('is in the document as it is enforced', () => {
    for (const { id, documented } of operations) {
      const row = rowOf(id) ?? '';
      if (!row.startsWith('roles')) {
        expect(documented, id).toEqual(row === 'open' ? 'open' : { scope: row.slice('scope '.length) });
        continue;
      }
      const roles = row
        .replace(/(own|any) tenant/, 'tenant-admin')
        .slice('roles'.length)
        .trim()
        .split(', ');
      expect(documented, id).toEqual({ roles: [...roles.filter((role) => role !== ''), 'admin'] });
    }
  });

  it.each(['acme', 'globex'])('holds for every caller and every operation, on tenant %s', async (tenant) => {
    // What names no tenant is the same for both; whose tenants a list shows is the next test.
    const asked = operations.filter(({ path }) => tenant === 'acme' || path.includes('/tenants/'));
    expect(asked.length).toBeGreaterThan(5);
    const wrong: string[] = [];
    for (const operation of asked) {
      const check = async (caller: string | null) => {
        const answer = await ask(operation, { tenant, caller });
        const told = verdictOf(answer, tenant);
        const right = expected(rowOf(operation.id) ?? '', caller, tenant);
        if (told !== right)
          wrong.push(`${operation.id} as ${caller}: ${told}, not ${right} (${answer.status})`);
      };
      await Promise.all([null, ...keys.keys()].map(check));
    }
    expect(wrong).toEqual([]);
  });

  it('shows a tenant-admin its own tenant and no other', async () => {
    const seen = async (caller: string) => {
      const { body } = await call(`${gateway.url}/admin/v1/tenants`, {
        headers: { 'x-api-key': keys.get(caller) ?? '' },
      });
      return body.items.map(({ key }: { key: string }) => key);
    };
    expect(await seen('tenant-admin')).toEqual(['acme']);
    expect(await seen('viewer')).toEqual(['acme', 'globex']);
  });
});

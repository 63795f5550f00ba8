import { ROLES } from '../access/principal.ts';
import type { SignIn } from '../access/sign-in.ts';
import { anObject } from '../http/openapi-parts.ts';
import { contextOf } from '../http/request-context.ts';
import type { RoleAccess, Route } from '../http/route.ts';
import { deleted } from './route-parts.ts';

const EVERYBODY: RoleAccess = { kind: 'roles', roles: ROLES.filter((role) => role !== 'admin') };

/** Who the caller is, however that was proven; and the end of a signed-in session. */
export function sessionRoutes(signIn: SignIn | null): Route[] {
  const common = { path: '/admin/v1/session', tag: 'sign-in', access: EVERYBODY };
  return [
    {
      ...common,
      method: 'get',
      id: 'getSession',
      summary: 'Who you are and what you may do',
      answers: {
        200: anObject('The caller', {
          name: 'ada@acme.example',
          roles: ['experimenter'],
          tenant: null,
          key: 'session',
        }),
      },
      handle: (_request, response) => {
        const { principal } = contextOf(response);
        response.json({ ...principal, roles: [...(principal?.roles ?? [])] });
      },
    },
    {
      ...common,
      method: 'delete',
      id: 'signOut',
      summary: 'Sign out: the browser forgets its session',
      answers: deleted,
      handle: (_request, response) => {
        signIn?.end(response);
        response.status(204).end();
      },
    },
  ];
}

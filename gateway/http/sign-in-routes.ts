import type { SignIn } from '../access/sign-in.ts';
import { Problem } from '../problems.ts';
import { queryParameter } from './openapi-parts.ts';
import { OPEN, type Route } from './route.ts';

/** Where the identity provider sends browsers back to. */
export const CALLBACK_PATH = '/auth/callback';

/** Signing in to the console. Without an identity provider there is nothing here. */
export function signInRoutes(signIn: SignIn | null): Route[] {
  const configured = () => {
    if (signIn === null)
      throw new Problem('not-found', 'no identity provider is set (OIDC_ISSUER): use a key');
    return signIn;
  };
  const common = {
    method: 'get' as const,
    tag: 'sign-in',
    access: OPEN,
  };
  return [
    {
      ...common,
      path: '/auth/login',
      id: 'signIn',
      summary: 'Sign in through the identity provider (OpenID Connect, authorization code with PKCE)',
      parameters: [queryParameter('returnTo', 'Path to come back to; / unless given')],
      answers: { 302: { description: 'To the identity provider' } },
      problems: ['not-found', 'invalid-request', 'identity-provider-unavailable'],
      handle: (request, response) => configured().begin(response, localPath(request.query['returnTo'])),
    },
    {
      ...common,
      path: CALLBACK_PATH,
      id: 'finishSignIn',
      summary: 'Where the identity provider sends the browser back to',
      parameters: [
        queryParameter('code', 'Authorization code'),
        queryParameter('state', 'What the sign-in began with'),
      ],
      answers: { 302: { description: 'Signed in, with a session cookie' } },
      problems: ['not-found', 'forbidden', 'identity-provider-unavailable'],
      handle: (request, response) => configured().finish(request, response),
    },
  ];
}

/** A path of this gateway and of nobody else: `//host` and `/\host` lead browsers elsewhere. */
function localPath(value: unknown): string {
  if (value === undefined) return '/';
  if (typeof value === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(value)) return value;
  throw new Problem('invalid-request', 'returnTo must be a path of this gateway, beginning with one slash');
}

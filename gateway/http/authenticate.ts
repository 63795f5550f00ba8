import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { FailedAttempts } from '../access/failed-attempts.ts';
import { digestOf } from '../access/key-digest.ts';
import type { KeyUseRecorder } from '../access/key-use-recorder.ts';
import { OVERRIDE_HEADER } from '../access/override-token.ts';
import type { Principal, Scope } from '../access/principal.ts';
import type { SignIn } from '../access/sign-in.ts';
import { Problem } from '../problems.ts';
import type { KeyGrant, TenantKeyGrant } from '../snapshot/compile-keys.ts';
import type { Configuration } from '../snapshot/configuration.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { readKnowledge } from './read-knowledge.ts';
import { contextOf, type RequestContext } from './request-context.ts';
import type { RoleAccess } from './route.ts';
import { isSameOrigin } from './same-origin.ts';

/** What it takes to know a caller. */
export interface Authentication {
  readonly source: SnapshotSource;
  readonly attempts: FailedAttempts;
  readonly uses: KeyUseRecorder;
  /** Null without an identity provider. */
  readonly signIn: SignIn | null;
}

/** `authorization: Bearer <key>` or `x-api-key: <key>`. */
function presentedKey(request: IncomingMessage): string | null {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const match = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

/** Three parts of base64url: a JSON Web Token. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const CHALLENGE = 'send your API key as "authorization: Bearer <key>" or "x-api-key: <key>"';

/** A tenant's key that may do what is asked, and the one configuration that the request will use. */
export interface Admitted {
  readonly configuration: Configuration;
  readonly grant: TenantKeyGrant;
}

/** Whom a request's key lets in with this scope; null for a tester, and for whoever is to be told why not: see `authenticateTenant`. */
export function admittedTenant(
  { source: { current } }: Authentication,
  scope: Scope,
  request: IncomingMessage,
): Admitted | null {
  const key = presentedKey(request);
  if (key === null || current === null || request.headers[OVERRIDE_HEADER] !== undefined) return null;
  const grant = current.snapshot.tenantKeys.get(digestOf(key));
  if (grant === undefined || isOver(grant, Date.now()) || !grant.scopes.has(scope)) return null;
  return { configuration: current, grant };
}

/** Lets a tenant in. */
export function enter(
  { uses }: Authentication,
  context: RequestContext,
  { configuration, grant }: Admitted,
): void {
  uses.note(grant.id, context.arrivedAt);
  context.configuration = configuration;
  context.tenant = grant.tenant;
  context.log['tenant'] = grant.tenant.key;
}

/** Lets a tenant's key with this scope pass and settles the one configuration that the request will use. */
export function authenticateTenant(authentication: Authentication, scope: Scope): RequestHandler {
  const { source } = authentication;
  return (request, response, next) => {
    const context = contextOf(response);
    const configuration = inForce(source);
    const key = presentedKey(request);
    const grant = key === null ? undefined : configuration.snapshot.tenantKeys.get(digestOf(key));
    if (grant === undefined || isOver(grant, context.arrivedAt)) {
      return refuse(authentication, request, response, { key, isOver: grant !== undefined });
    }
    if (!grant.scopes.has(scope)) {
      throw new Problem(
        'forbidden',
        `this key has no scope "${scope}"; it has ${[...grant.scopes].join(', ')}`,
      );
    }
    enter(authentication, context, { configuration, grant });
    if (request.headers[OVERRIDE_HEADER] === undefined) return next();
    return readKnowledge(request, context).then((knowledge) => {
      context.knowledge = knowledge;
      next();
    });
  };
}

/** The key of the operator: there before there is any other. */
const BOOTSTRAP_ADMIN: Principal = {
  name: 'admin',
  roles: new Set(['admin']),
  tenant: null,
  key: 'admin-key',
};

/** Settles who calls the control plane. */
export function authenticateOperator(authentication: Authentication): RequestHandler {
  return async (request, response, next) => {
    const context = contextOf(response);
    const configuration = inForce(authentication.source);
    const key = presentedKey(request);
    const known =
      key === null
        ? await signedIn(authentication, request)
        : ((await unguessable(authentication, configuration, { key, now: context.arrivedAt })) ??
          (await bootstrapAdmin(authentication, configuration, { key, request })));
    if (known === null) return refuse(authentication, request, response, { key, isOver: false });
    context.principal = known;
    context.log['actor'] = known.key;
    next();
  };
}

/** Who a browser is signed in as; a page of somebody else cannot use that. */
async function signedIn({ signIn }: Authentication, request: Request): Promise<Principal | null> {
  const principal = (await signIn?.principal(request)) ?? null;
  if (principal !== null && !isSameOrigin(request)) {
    throw new Problem(
      'forbidden',
      "a session changes things from the gateway's own pages only: use a key elsewhere",
    );
  }
  return principal;
}

/** A service key, or a token of the identity provider: nobody can guess one. */
async function unguessable(
  { uses, signIn }: Authentication,
  { snapshot }: Configuration,
  { key, now }: { readonly key: string; readonly now: number },
): Promise<Principal | null> {
  const grant = snapshot.serviceKeys.get(digestOf(key));
  if (grant !== undefined && !isOver(grant, now)) {
    uses.note(grant.id, now);
    return grant.principal;
  }
  return signIn !== null && JWT.test(key) ? signIn.provider.verifyToken(key) : null;
}

/** A key that a person chose can be guessed, so it is not even looked at after too many failures. */
async function bootstrapAdmin(
  { attempts }: Authentication,
  configuration: Configuration,
  { key, request }: { readonly key: string; readonly request: Request },
): Promise<Principal | null> {
  await attempts.refuseBlocked(addressOf(request));
  return isAdminKey(key, configuration) ? BOOTSTRAP_ADMIN : null;
}

/** The one place where roles are enforced: who may call a route is what its table says. */
export function authorize(access: RoleAccess): RequestHandler {
  return (request, response, next) => {
    const { principal } = contextOf(response);
    if (principal === null) throw new Error('an unauthenticated request reached the control plane');
    const { roles } = principal;
    if (roles.has('admin')) return next();
    const matching = access.roles.filter((role) => roles.has(role));
    if (matching.length === 0) {
      const wanted = [...access.roles, 'admin'].join(' or ');
      throw new Problem('forbidden', `this takes the role ${wanted}; yours: ${[...roles].join(', ')}`);
    }
    // Another tenant is as if it were not there, so that nobody learns who the others are.
    const named = access.tenantParameter === undefined ? null : request.params[access.tenantParameter];
    if (named !== null && named !== principal.tenant && matching.every((role) => role === 'tenant-admin')) {
      throw new Problem('not-found', `there is no tenant "${String(named)}"`);
    }
    next();
  };
}

function inForce({ current }: SnapshotSource): Configuration {
  if (current === null) throw new Problem('not-ready', 'no configuration is loaded yet: try again shortly');
  return current;
}

function isOver({ validUntil }: KeyGrant, now: number): boolean {
  return now >= validUntil;
}

/** Compared in constant time. */
function isAdminKey(key: string, { adminKeyDigest }: Configuration): boolean {
  return timingSafeEqual(Buffer.from(digestOf(key)), Buffer.from(adminKeyDigest));
}

function addressOf(request: Request): string {
  return request.ip ?? '';
}

/** 401, or 429 after too many of them. A request without any key is no attempt. */
async function refuse(
  { attempts }: Authentication,
  request: Request,
  response: Response,
  { key, isOver }: { readonly key: string | null; readonly isOver: boolean },
): Promise<never> {
  if (key !== null) await attempts.count(addressOf(request));
  response.setHeader('www-authenticate', 'Bearer');
  if (key === null) throw new Problem('unauthenticated', CHALLENGE);
  throw new Problem(
    'unauthenticated',
    isOver ? 'this key has expired: ask for another' : 'this key is not known or was revoked',
  );
}

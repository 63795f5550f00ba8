import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { Role, Scope } from '../access/principal.ts';
import type { ProblemCode } from '../problems.ts';
import type { Json } from './openapi-parts.ts';

/** Who may call a route. Enforced in one place, `authorize`; shown in the OpenAPI document as `x-access`. */
export type Access =
  /** Anybody, without a key. */
  | { readonly kind: 'open' }
  /** A tenant's API key with this scope. */
  | { readonly kind: 'tenant-key'; readonly scope: Scope }
  | RoleAccess;

/**
 * A caller of the control plane with one of these roles, or an admin. Where a tenant-admin is among them,
 * `tenantParameter` names the part of the path that must be its own tenant; without one the handler shows it nothing
 * but its own.
 */
export interface RoleAccess {
  readonly kind: 'roles';
  readonly roles: readonly Role[];
  readonly tenantParameter?: string;
}

export const OPEN: Access = { kind: 'open' };
export const tenantKey = (scope: Scope) => ({ kind: 'tenant-key', scope }) as const;

/** Everybody who works with experiments may read. */
export const READERS: RoleAccess = { kind: 'roles', roles: ['viewer', 'experimenter', 'reviewer'] };
/** Who writes experiments, and what experiments are made of. */
export const EXPERIMENTERS: RoleAccess = { kind: 'roles', roles: ['experimenter'] };
/** Who finds the work of others good. */
export const REVIEWERS: RoleAccess = { kind: 'roles', roles: ['reviewer'] };

/** Only an admin. */
export const ADMINS: RoleAccess = { kind: 'roles', roles: [] };

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'all';

/**
 * One route, declared once: the router, the OpenAPI document and the access matrix follow from it, so there is none
 * that is not documented and none that nobody decided about.
 */
export interface Route {
  readonly method: Method;
  /** As OpenAPI has it, `/admin/v1/tenants/{tenant}/keys`; `{+path}` at the end is the rest of the path or nothing. */
  readonly path: string;
  readonly access: Access;
  /** The operation's name in the document, unique. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** Of query and header; those of the path follow from it. */
  readonly parameters?: readonly Json[];
  /** Content of the request by media type. */
  readonly body?: Json;
  /** Answers by status, problems apart. */
  readonly answers: Json;
  /** What may go wrong beyond `commonProblems`. */
  readonly problems?: readonly ProblemCode[];
  handle(request: Request<Record<string, string>>, response: Response, next: NextFunction): unknown;
}

/** A request of Node's own with the parts of its path that the route names. */
export type RoutedRequest = IncomingMessage & { readonly params: Readonly<Record<string, string>> };

/** Handles a request with what Node has, with or without Express around it. */
export type DirectHandler = (
  request: RoutedRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown;

/** A route that can be answered without Express: see `answerDirectly`. */
export interface DirectRoute extends Route {
  readonly access: { readonly kind: 'tenant-key'; readonly scope: Scope };
  readonly direct: true;
  readonly handle: DirectHandler;
}

/** What may go wrong on any route with this access. */
export function commonProblems({ kind }: Access): readonly ProblemCode[] {
  switch (kind) {
    case 'open':
      return [];
    case 'tenant-key':
      return ['unauthenticated', 'forbidden', 'override-refused', 'too-many-attempts', 'not-ready'];
    case 'roles':
      return ['unauthenticated', 'forbidden', 'too-many-attempts', 'store-unavailable', 'not-ready'];
  }
}

/** A path as Express has it. Colons are literal where they are not a parameter's: `{model}:predict`. */
export function expressPath(path: string): string {
  return path
    .replaceAll(':', '\\:')
    .replace(/\/\{\+(\w+)\}$/, '{/*$1}')
    .replace(/\{(\w+)\}/g, ':$1');
}

/** Adds routes to the application, in their order, each behind the guards of its access. */
export function mount(
  app: Express,
  routes: readonly Route[],
  guards: (access: Access) => readonly RequestHandler[],
): void {
  for (const route of routes) {
    app
      .route(expressPath(route.path))
      [route.method](...guards(route.access), (request, response, next) =>
        route.handle(request as Request<Record<string, string>>, response, next),
      );
  }
}

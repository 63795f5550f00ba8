import type { RequestListener } from 'node:http';
import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Tracing } from '../../models/tracing/tracing.ts';
import { type AdminOptions, adminRoutes } from '../control-plane/admin-routes.ts';
import { openApiDocument } from '../control-plane/openapi.ts';
import { sessionRoutes } from '../control-plane/session-routes.ts';
import { dataPlaneRoutes } from '../data-plane/data-plane-routes.ts';
import { type FlagPlane, flagRoutes } from '../data-plane/flag-routes.ts';
import { allowOrigins } from './allow-origins.ts';
import { answerDirectly } from './answer-directly.ts';
import { answerNotFound, answerProblem } from './answer-problem.ts';
import { type Authentication, authenticateOperator, authenticateTenant, authorize } from './authenticate.ts';
import { consoleRoutes } from './console-routes.ts';
import { docsRoutes } from './docs-routes.ts';
import { guideRoutes } from './guide-routes.ts';
import { idempotent } from './idempotency.ts';
import { logRequest } from './log-request.ts';
import { openRoutes } from './open-routes.ts';
import { beginRequest } from './request-context.ts';
import { type Access, type DirectRoute, mount, type Route } from './route.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { traceRequest } from './trace-request.ts';

export interface AppOptions {
  readonly authentication: Authentication;
  readonly logger: Logger;
  /** Null where no traces are kept. */
  readonly tracing: Tracing | null;
  /** Proxies in front of the gateway, whose word on a client's address is taken. */
  readonly trustedProxies: number;
  /** Other origins whose pages may call the gateway. */
  readonly corsOrigins: readonly string[];
  readonly dataPlane: FlagPlane;
  readonly admin: AdminOptions;
  /** False while the process drains. */
  readonly accepting: () => boolean;
}

/** Every route of the gateway, in the order in which they are tried. */
function routesOf({ dataPlane, admin, accepting, authentication }: AppOptions): Route[] {
  const { source } = admin;
  const { signIn } = authentication;
  const routes: Route[] = [
    ...dataPlaneRoutes(dataPlane),
    ...flagRoutes(dataPlane),
    ...docsRoutes(),
    ...guideRoutes(),
    ...consoleRoutes({ identityProvider: signIn !== null }),
    ...openRoutes({ source, accepting, document: () => openApiDocument(routes) }),
    ...signInRoutes(signIn),
    ...sessionRoutes(signIn),
    ...adminRoutes(admin).map((route) => idempotent(route, admin.store)),
  ];
  return routes;
}

/** What a server of the gateway answers with: the application, and the short way to its busiest routes. */
export function createHandler(options: AppOptions): RequestListener {
  const routes = routesOf(options);
  const app = createApp(options, routes);
  // A trace is made of what Express knows of a request.
  if (options.tracing !== null) return app;
  const direct = routes.filter((route): route is DirectRoute => 'direct' in route);
  return answerDirectly(direct, app, options);
}

/** The application: its routes, each behind the guards of its access. */
export function createApp(options: AppOptions, routes = routesOf(options)): Express {
  const { logger, authentication } = options;
  const app = express();
  app.set('etag', false);
  app.set('x-powered-by', false);
  app.set('case sensitive routing', true);
  app.set('query parser', 'simple');
  app.set('trust proxy', options.trustedProxies);

  app.use(beginRequest, logRequest(logger));
  if (options.tracing !== null) app.use(traceRequest(options.tracing));
  if (options.corsOrigins.length > 0) app.use(allowOrigins(options.corsOrigins));
  // Before its routes, so that nobody without a key learns which there are.
  app.use('/admin/v1', authenticateOperator(authentication));
  app.use('/admin/v1/config', ...configurationBody);
  app.use('/admin/v1', express.json({ limit: '4mb', strict: true }));
  mount(app, routes, guardsOf(authentication));
  app.use(answerNotFound);
  app.use(answerProblem(logger));
  return app;
}

/** A whole configuration is larger than one thing of it, and may be YAML. */
const configurationBody = [
  express.json({ limit: '12mb', strict: true }),
  express.text({ limit: '12mb', type: ['application/yaml', 'application/x-yaml', 'text/yaml'] }),
];

function guardsOf(authentication: Authentication): (access: Access) => readonly RequestHandler[] {
  return (access) => {
    switch (access.kind) {
      case 'open':
        return [];
      case 'tenant-key':
        return [authenticateTenant(authentication, access.scope)];
      case 'roles':
        return [authorize(access)];
    }
  };
}

import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { type AdminOptions, adminRoutes } from '../control-plane/admin-routes.ts';
import { openApiDocument } from '../control-plane/openapi.ts';
import { dataPlaneRoutes } from '../data-plane/data-plane-routes.ts';
import type { DataPlane } from '../data-plane/infer-route.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { answerNotFound, answerProblem } from './answer-problem.ts';
import { authenticateOperator, authenticateTenant, authorize } from './authenticate.ts';
import { logRequest } from './log-request.ts';
import { openRoutes } from './open-routes.ts';
import { beginRequest } from './request-context.ts';
import { type Access, mount, type Route } from './route.ts';

export interface AppOptions {
  readonly source: SnapshotSource;
  readonly logger: Logger;
  readonly dataPlane: DataPlane;
  readonly admin: AdminOptions;
  /** False while the process drains. */
  readonly accepting: () => boolean;
}

/** Every route of the gateway, in the order in which they are tried. */
function routesOf({ source, dataPlane, admin, accepting }: Omit<AppOptions, 'logger'>): Route[] {
  const routes: Route[] = [
    ...dataPlaneRoutes(dataPlane),
    ...openRoutes({ source, accepting, document: () => openApiDocument(routes) }),
    ...adminRoutes(admin),
  ];
  return routes;
}

/** The application: its routes, each behind the guards of its access. */
export function createApp({ logger, ...options }: AppOptions): Express {
  const app = express();
  app.set('etag', false);
  app.set('x-powered-by', false);
  app.set('case sensitive routing', true);
  app.set('query parser', 'simple');

  app.use(beginRequest, logRequest(logger));
  // Before its routes, so that nobody without a key learns which there are.
  app.use('/admin/v1', authenticateOperator(options.source), express.json({ limit: '4mb', strict: true }));
  mount(app, routesOf(options), guardsOf(options.source));
  app.use(answerNotFound);
  app.use(answerProblem(logger));
  return app;
}

function guardsOf(source: SnapshotSource): (access: Access) => readonly RequestHandler[] {
  const tenant = authenticateTenant(source);
  return (access) => {
    switch (access.kind) {
      case 'open':
        return [];
      case 'tenant-key':
        return [tenant];
      case 'roles':
        return [authorize(access)];
    }
  };
}

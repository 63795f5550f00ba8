import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { LIVE_PATH, READY_PATH } from '../config.ts';
import { type AdminOptions, adminRoutes } from '../control-plane/admin-routes.ts';
import { openApiDocument } from '../control-plane/openapi.ts';
import { type DataPlane, inferRoute } from '../data-plane/infer-route.ts';
import { modelRoutes, SERVER_METADATA } from '../data-plane/model-routes.ts';
import { outcomeRoute } from '../data-plane/outcome-route.ts';
import { proxyRoute } from '../data-plane/proxy-route.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import { answerNotFound, answerProblem } from './answer-problem.ts';
import { authenticateAdmin, authenticateTenant } from './authenticate.ts';
import { logRequest } from './log-request.ts';
import { beginRequest } from './request-context.ts';

export interface AppOptions {
  readonly source: SnapshotSource;
  readonly logger: Logger;
  readonly dataPlane: DataPlane;
  readonly admin: AdminOptions;
  /** False while the process drains. */
  readonly accepting: () => boolean;
}

/** Every route of the gateway, in the order in which they are tried. */
export function createApp({ source, logger, dataPlane, admin, accepting }: AppOptions): Express {
  const app = express();
  app.set('etag', false);
  app.set('x-powered-by', false);
  app.set('case sensitive routing', true);
  app.set('query parser', 'simple');

  const tenant = authenticateTenant(source);
  const ready = () => accepting() && source.current !== null;

  app.use(beginRequest, logRequest(logger));

  app.post('/v2/models/:endpoint/infer', tenant, inferRoute(dataPlane));
  app.all('/v1/proxy/:endpoint{/*path}', tenant, proxyRoute(dataPlane));
  app.post('/v1/outcomes', tenant, outcomeRoute(dataPlane));
  app.use('/v2/models', tenant, modelRoutes(dataPlane));
  app.get('/v2', (_request, response) => void response.json(SERVER_METADATA));
  app.get('/v2/health/live', (_request, response) => void response.json({ live: true }));
  app.get(
    '/v2/health/ready',
    (_request, response) => void response.status(ready() ? 200 : 503).json({ ready: ready() }),
  );

  app.use('/admin/v1', authenticateAdmin(source), adminRoutes(admin));
  app.get('/openapi.json', (_request, response) => void response.json(openApiDocument()));
  app.get(LIVE_PATH, (_request, response) => void response.json({ status: 'live' }));
  app.get(READY_PATH, (_request, response) => {
    response
      .status(ready() ? 200 : 503)
      .json({ status: ready() ? 'ready' : 'not-ready', revision: source.current?.snapshot.revision ?? null });
  });

  app.use(answerNotFound);
  app.use(answerProblem(logger));
  return app;
}

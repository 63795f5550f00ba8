import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { metricsText } from '../http/metrics-text.ts';
import { traceExchange } from '../http/trace-exchange.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { LIVE_PATH, READY_PATH } from './config.ts';
import { HttpError, toHttpError } from './http-error.ts';
import { type OpenInferenceOptions, openInferenceRoutes } from './open-inference-routes.ts';
import { repositoryRoutes } from './repository-routes.ts';

export interface RunnerAppOptions extends OpenInferenceOptions {
  readonly apiKey: string | undefined;
  readonly log: Logger;
  /** Null where no traces are kept. */
  readonly tracing: Tracing | null;
  /** False before the repository has settled and while draining. */
  readonly isReady: () => boolean;
}

const SERVER = {
  name: 'switchyard-runner',
  version: '2',
  extensions: ['binary_tensor_data', 'model_configuration', 'model_repository', 'statistics'],
} as const;

/** The runner's HTTP surface: health for anyone, everything else for holders of the key. */
export function createRunnerApp(options: RunnerAppOptions): Express {
  const { metrics, log, isReady, apiKey } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(recordRequests(options));
  if (options.tracing !== null) app.use(traceInferences(options.tracing));

  const ready: RequestHandler = (_request, response) => {
    response.status(isReady() ? 200 : 503).json({ ready: isReady() });
  };
  const live: RequestHandler = (_request, response) => {
    response.json({ live: true });
  };
  app.get([LIVE_PATH, '/v2/health/live'], live);
  app.get([READY_PATH, '/v2/health/ready'], ready);

  if (apiKey !== undefined) app.use(requireKey(apiKey));
  app.get('/metrics', async ({ headers }, response) => {
    const { contentType, text } = await metricsText(
      await metrics.registry.getMetricsAsJSON(),
      headers.accept,
    );
    response.type(contentType).send(text);
  });
  app.get('/v2', (_request, response) => {
    response.json(SERVER);
  });
  app.use('/v2/repository', repositoryRoutes({ ...options, hasKey: apiKey !== undefined }));
  app.use('/v2', openInferenceRoutes(options));
  app.use((request) => {
    throw new HttpError(404, `${request.method} on this path is not offered here`);
  });
  app.use(answerErrors(log));
  return app;
}

function requireKey(apiKey: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${apiKey}`);
  return (request, response, next) => {
    // Digests have one length, so the comparison tells nothing about the key, not even how long it is.
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return next();
    response.set('www-authenticate', 'Bearer');
    throw new HttpError(401, 'send the key of this runner as "authorization: Bearer …"');
  };
}

/** One log record and one count for each answer, by route pattern: paths are the client's to choose. */
function recordRequests({ metrics, log }: RunnerAppOptions): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const route = request.route === undefined ? 'none' : `${request.baseUrl}${request.route.path}`;
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.requests.inc({ route, status });
      const durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
      log.debug({ method: request.method, route, status, durationMs }, 'request');
    });
    next();
  };
}

/** A span for each request to a model: the gateway that asked has named its own. */
function traceInferences(tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    if (request.path.startsWith('/v2/models/')) {
      response.locals['span'] = traceExchange(tracing, {
        request,
        response,
        path: request.path,
        ended: () => ({ status: response.writableFinished ? response.statusCode : null }),
      });
    }
    next();
  };
}

function answerErrors(log: Logger): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const { status, message, cause } = toHttpError(error);
    if (status >= 500) log.warn({ err: cause, status }, message);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    if (status === 503) response.set('retry-after', '1');
    response.status(status).json({ error: message });
  };
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { InferenceStatistics } from '../codecs/inference-statistics.ts';
import { metricsText } from '../http/metrics-text.ts';
import { traceExchange } from '../http/trace-exchange.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { LIVE_PATH, READY_PATH } from './config.ts';
import { HttpError, toHttpError } from './http-error.ts';
import { type Infer, type InferRouteOptions, inferRoute } from './infer-route.ts';
import { openInferenceRoutes } from './open-inference-routes.ts';
import { repositoryRoutes } from './repository-routes.ts';

export interface RunnerAppOptions extends InferRouteOptions {
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

/** What a runner's server answers with: its application, and a way to the inferences that passes Express by. */
export function createRunnerHandler(options: RunnerAppOptions): RequestListener {
  const statistics = new InferenceStatistics();
  const infer = inferRoute(options, statistics);
  const app = createRunnerApp(options, { statistics, infer });
  // A trace is made of what Express knows of a request.
  return options.tracing === null ? inferDirectly(options, infer, app) : app;
}

const INFERENCE = /^\/v2\/models\/(?<model>[\w.~-]+)(?:\/versions\/(?<version>[\w.~-]+))?\/infer(?:\?|$)/;

/** Express costs more than a small model does. Whatever is out of the ordinary goes through it, untouched. */
function inferDirectly(
  { apiKey, metrics, log }: RunnerAppOptions,
  infer: Infer,
  otherwise: RequestListener,
): RequestListener {
  const hasKey = keyCheck(apiKey);
  const answerError = errorAnswer(log);
  return (request, response) => {
    const match = request.method === 'POST' ? INFERENCE.exec(request.url ?? '') : null;
    if (match === null || !hasKey(request)) return otherwise(request, response);
    const [, model = '', version] = match;
    const route = `/v2/models/:model${version === undefined ? '' : '/versions/:version'}/infer`;
    recordAnswer({ metrics, log }, response, { method: 'POST', route: () => route });
    infer(request, response, { model, version, span: null }).catch((error) => answerError(error, response));
  };
}

/** The runner's HTTP surface: health for anyone, everything else for holders of the key. */
function createRunnerApp(
  options: RunnerAppOptions,
  { statistics, infer }: { readonly statistics: InferenceStatistics; readonly infer: Infer },
): Express {
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
  app.use('/v2', openInferenceRoutes({ repository: options.repository, statistics, infer }));
  app.use((request) => {
    throw new HttpError(404, `${request.method} on this path is not offered here`);
  });
  app.use(answerErrors(log));
  return app;
}

/** Whether a request shows the runner's key; every request does where there is none to show. */
function keyCheck(apiKey: string | undefined): (request: IncomingMessage) => boolean {
  if (apiKey === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${apiKey}`);
  // Digests have one length, so the comparison tells nothing about the key, not even how long it is.
  return ({ headers }) => timingSafeEqual(digest(headers.authorization ?? ''), expected);
}

function requireKey(apiKey: string): RequestHandler {
  const hasKey = keyCheck(apiKey);
  return (request, response, next) => {
    if (hasKey(request)) return next();
    response.set('www-authenticate', 'Bearer');
    throw new HttpError(401, 'send the key of this runner as "authorization: Bearer …"');
  };
}

/** One log record and one count for each answer, by route pattern: paths are the client's to choose. */
function recordAnswer(
  { metrics, log }: Pick<RunnerAppOptions, 'metrics' | 'log'>,
  response: ServerResponse,
  { method, route: routeOf }: { readonly method: string; readonly route: () => string },
): void {
  const startedAt = performance.now();
  response.once('close', () => {
    const route = routeOf();
    const status = response.writableFinished ? response.statusCode : 499;
    metrics.requests.inc({ route, status });
    const durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
    log.debug({ method, route, status, durationMs }, 'request');
  });
}

function recordRequests(options: RunnerAppOptions): RequestHandler {
  return (request, response, next) => {
    const route = () => (request.route === undefined ? 'none' : `${request.baseUrl}${request.route.path}`);
    recordAnswer(options, response, { method: request.method, route });
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

function errorAnswer(log: Logger): (error: unknown, response: ServerResponse) => void {
  return (error, response) => {
    const { status, message, cause } = toHttpError(error);
    if (status >= 500) log.warn({ err: cause, status }, message);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    if (status === 503) response.setHeader('retry-after', '1');
    // An unread body would stall the connection's next request.
    if (status === 413) response.setHeader('connection', 'close');
    response.statusCode = status;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ error: message }));
  };
}

function answerErrors(log: Logger): ErrorRequestHandler {
  const answer = errorAnswer(log);
  return (error, _request, response, _next) => answer(error, response);
}

import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { contextOf, elapsedMs } from './request-context.ts';

const PROXY_ROUTE = /^\/v1\/proxy\/[^/]*/;

/** A request's path without what a proxied one names beyond its endpoint. */
export function loggedPath({ path }: Pick<Request, 'path'>): string {
  return PROXY_ROUTE.exec(path)?.[0] ?? path;
}

/**
 * One record per request, at its end. Query strings, headers and what a proxied path names beyond its endpoint
 * are left out: they may carry unit ids.
 */
export function logRequest(logger: Logger): RequestHandler {
  if (!logger.isLevelEnabled('info')) return (_request, _response, next) => next();
  return (request, response, next) => {
    const path = loggedPath(request);
    response.once('close', () => {
      const context = contextOf(response);
      logger.info(
        {
          requestId: context.requestId,
          method: request.method,
          path,
          status: response.writableFinished ? response.statusCode : 499,
          ms: Math.round(elapsedMs(context) * 100) / 100,
          ...context.log,
        },
        'request',
      );
    });
    next();
  };
}

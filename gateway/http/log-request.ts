import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { contextOf, elapsedMs } from './request-context.ts';

const PROXY_ROUTE = /^\/v1\/proxy\/[^/]*/;

/** A request's path without what a proxied one names beyond its endpoint. */
export function loggedPath(path: string): string {
  return PROXY_ROUTE.exec(path)?.[0] ?? path;
}

/**
 * One record per request, at its end, with this path. Query strings, headers and what a proxied path names beyond its
 * endpoint are left out: they may carry unit ids.
 */
export function requestLog(
  logger: Logger,
): (request: IncomingMessage, response: ServerResponse, path: string) => void {
  if (!logger.isLevelEnabled('info')) return () => undefined;
  return (request, response, path) => {
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
  };
}

export function logRequest(logger: Logger): RequestHandler {
  const log = requestLog(logger);
  return (request, response, next) => {
    log(request, response, loggedPath(request.path));
    next();
  };
}

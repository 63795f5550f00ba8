import type { RequestHandler } from 'express';
import { traceExchange } from '../../models/http/trace-exchange.ts';
import type { Tracing } from '../../models/tracing/tracing.ts';
import { LIVE_PATH, READY_PATH } from '../config.ts';
import { loggedPath } from './log-request.ts';
import { contextOf } from './request-context.ts';

/** What balancers ask every few seconds, and nobody looks for. */
const PROBES: ReadonlySet<string> = new Set([LIVE_PATH, READY_PATH, '/v2/health/live', '/v2/health/ready']);

/** A span for each request; it says what the log record says, under the names `switchyard.…`. */
export function traceRequest(tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    if (PROBES.has(request.path)) return next();
    const context = contextOf(response);
    context.span = traceExchange(tracing, {
      request,
      response,
      path: loggedPath(request.path),
      ended: () => {
        const { status: upgraded, error, ...rest } = context.log;
        const said = Object.entries(rest).filter(([, value]) => value !== null);
        return {
          status: upgraded === 101 ? 101 : response.writableFinished ? response.statusCode : null,
          error: typeof error === 'string' ? error : undefined,
          attributes: {
            'switchyard.request.id': context.requestId,
            ...Object.fromEntries(said.map(([name, value]) => [`switchyard.${name}`, String(value)])),
          },
        };
      },
    });
    next();
  };
}

import type { ServerResponse } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { StoreUnavailableError } from '../../experiments/store/configuration-store.ts';
import { ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { Problem, problemBody } from '../problems.ts';
import { contextOf } from './request-context.ts';

/** Errors that libraries throw on bad input, by their status; anything else is the gateway's own fault. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailableError) {
    return new Problem(
      'store-unavailable',
      'the configuration database does not answer: inference goes on, try this again',
      {
        cause: error,
      },
    );
  }
  if (error instanceof ObjectStoreError) {
    return new Problem(
      'lake-unavailable',
      `the lake does not answer (${error.code}): nothing is lost, try this again`,
      {
        cause: error,
      },
    );
  }
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : null;
  const message = error instanceof Error ? error.message : String(error);
  if (status === 413) return new Problem('body-too-large', message, { cause: error });
  if (status === 415) return new Problem('unsupported-media-type', message, { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem('invalid-request', message, { cause: error });
  }
  return new Problem(
    'internal-error',
    'the gateway failed on this request; its log has the reason under this instance',
    {
      cause: error,
    },
  );
}

/** Nothing matched: the last route. */
export const answerNotFound: RequestHandler = (request) => {
  throw new Problem('not-found', `there is no ${request.method} ${request.path} here`);
};

/** Every failed request ends here, as problem details (RFC 9457). */
export function problemAnswer(logger: Logger): (error: unknown, response: ServerResponse) => void {
  return (error, response) => {
    const context = contextOf(response);
    const problem = asProblem(error);
    context.log['error'] = problem.code;
    if (problem.code === 'internal-error')
      logger.error({ err: error, requestId: context.requestId }, 'request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // An unread body would stall the connection's next request.
    if (problem.code === 'body-too-large') response.setHeader('connection', 'close');
    if (problem.retryAfterSeconds !== null) response.setHeader('retry-after', problem.retryAfterSeconds);
    response.statusCode = problem.status;
    response
      .setHeader('content-type', 'application/problem+json')
      .end(JSON.stringify(problemBody(problem, context.requestId)));
  };
}

export function answerProblem(logger: Logger): ErrorRequestHandler {
  const answer = problemAnswer(logger);
  return (error, _request, response, _next) => answer(error, response);
}

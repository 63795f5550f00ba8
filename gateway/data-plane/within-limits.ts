import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../http/request-context.ts';
import type { DirectHandler, RoutedRequest } from '../http/route.ts';
import { type Asking, maxBodyBytes } from '../limits/request-limits.ts';
import { Problem } from '../problems.ts';
import type { DataPlane } from './data-plane.ts';
import { findEndpoint } from './find-endpoint.ts';

/** What a handler behind limits may answer beside its own problems. */
export const LIMIT_PROBLEMS = [
  'length-required',
  'body-too-large',
  'rate-limited',
  'quota-exhausted',
] as const;

/** A handler behind the limits of its tenant and its endpoint; at once where nothing limits the request. */
export function withinLimits(plane: DataPlane, handle: DirectHandler): DirectHandler {
  return (request, response, next) => {
    const asking = askingOf(request, response);
    refuseAnnounced(request, asking);
    const admitted = plane.limits.admit(response, asking);
    if (admitted === undefined) return handle(request, response, next);
    return admitted.then(() => handle(request, response, next));
  };
}

/** Whose request it is and where it goes. */
function askingOf({ params }: RoutedRequest, response: ServerResponse): Asking {
  const context = contextOf(response);
  const { endpoint } = findEndpoint(context, params['endpoint']);
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  return { tenant: context.tenant, endpoint };
}

/**
 * What is passed through is never counted, so a limit holds for what is announced, and a body of unknown length
 * is refused where there is one.
 */
function refuseAnnounced({ headers }: IncomingMessage, asking: Asking): void {
  const limit = maxBodyBytes(asking, Number.POSITIVE_INFINITY);
  if (limit === Number.POSITIVE_INFINITY) return;
  if (headers['transfer-encoding'] !== undefined) {
    throw new Problem('length-required', `bodies are limited to ${limit} bytes here: send a content-length`);
  }
  if (Number(headers['content-length'] ?? 0) > limit) {
    throw new Problem(
      'body-too-large',
      `the body is larger than ${limit} bytes, the limit of the tenant or endpoint`,
    );
  }
}

import type { Attributes } from '@opentelemetry/api';
import type { Request, Response } from 'express';
import type { TracedSpan } from '../tracing/traced-span.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** How an exchange ended, as the process knows it. */
interface Ended {
  /** Null: the client left before it had its answer. */
  readonly status: number | null;
  /** Why it failed, in few words that come again. */
  readonly error?: string | undefined;
  readonly attributes?: Attributes;
}

interface ExchangeOptions {
  readonly request: Request;
  readonly response: Response;
  /** What may be told of the path. */
  readonly path: string;
  /** Asked when the response has closed. */
  readonly ended: () => Ended;
}

/**
 * A span for one request, from its arrival to its end, in the words of the semantic conventions for HTTP servers
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), under the span that its `traceparent` names.
 */
export function traceExchange(
  tracing: Tracing,
  { request, response, path, ended }: ExchangeOptions,
): TracedSpan {
  const span = tracing.begin(request.headers, {
    name: request.method,
    attributes: {
      'http.request.method': request.method,
      'url.scheme': request.protocol,
      'url.path': path,
      'server.address': request.hostname ?? '',
      'network.protocol.version': request.httpVersion,
    },
  });
  response.once('close', () => {
    const { status, error, attributes = {} } = ended();
    const route = routeOf(request);
    if (route !== null) span.rename(`${request.method} ${route}`);
    span.set({
      ...attributes,
      ...(route === null ? {} : { 'http.route': route }),
      ...(status === null ? {} : { 'http.response.status_code': status }),
    });
    if (status === null) span.fail('client_left');
    else if (status >= 500) span.fail(error ?? String(status));
    span.end();
  });
  return span;
}

/** The pattern that the request met, colons unescaped; null where there is none. */
function routeOf({ route, baseUrl }: Request): string | null {
  const path: unknown = route?.path;
  return typeof path === 'string' ? `${baseUrl}${path.replaceAll('\\:', ':')}` : null;
}

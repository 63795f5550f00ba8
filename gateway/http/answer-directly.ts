import type { IncomingMessage, RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { problemAnswer } from './answer-problem.ts';
import { type Authentication, admittedTenant, enter } from './authenticate.ts';
import { loggedPath, requestLog } from './log-request.ts';
import { begin } from './request-context.ts';
import type { DirectRoute, RoutedRequest } from './route.ts';

interface DirectOptions {
  readonly authentication: Authentication;
  readonly logger: Logger;
  /** Other origins whose pages may call the gateway: what they ask goes through Express, which answers them. */
  readonly corsOrigins: readonly string[];
}

/**
 * Answers the busiest routes without Express, whose way to a handler costs as much as all that the gateway itself
 * does there: the same identity, key, handler, problem and log record, in the same order. A request that is in any
 * way out of the ordinary (a key that is not let in, an escape in its path) is left to `otherwise`, untouched.
 */
export function answerDirectly(
  routes: readonly DirectRoute[],
  otherwise: RequestListener,
  { authentication, logger, corsOrigins }: DirectOptions,
): RequestListener {
  const log = requestLog(logger);
  const answer = problemAnswer(logger);
  const compiled = routes.map((route) => ({
    route,
    method: methodOf(route),
    pattern: directPattern(route.path),
  }));
  const find = ({ method, url = '' }: IncomingMessage) => {
    for (const candidate of compiled) {
      if (candidate.method !== null && candidate.method !== method) continue;
      const match = candidate.pattern.exec(url);
      if (match !== null) return { route: candidate.route, params: match.groups ?? {} };
    }
    return null;
  };
  return (request, response) => {
    const crossOrigin = corsOrigins.length > 0 && request.headers.origin !== undefined;
    const found = crossOrigin ? null : find(request);
    const admitted =
      found === null ? null : admittedTenant(authentication, found.route.access.scope, request);
    if (found === null || admitted === null) return otherwise(request, response);
    const context = begin(response);
    log(request, response, loggedPath(pathOf(request)));
    const fail = (error: unknown) => answer(error, response);
    try {
      enter(authentication, context, admitted);
      const routed: RoutedRequest = Object.assign(request, { params: found.params });
      const handled = found.route.handle(routed, response, fail);
      if (handled instanceof Promise) handled.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

/** Null for any. Express answers HEAD where a route takes GET; there is none such here. */
const methodOf = ({ method }: DirectRoute) => (method === 'all' ? null : method.toUpperCase());

/** The URL of a route as it is written; one that needs unescaping, or may mean the same in other words, does not match. */
export function directPattern(path: string): RegExp {
  const pattern = path.replace(/\/\{\+\w+\}$/, '(?:/[^?%#]*)?').replace(/\{(\w+)\}/g, '(?<$1>[\\w.~-]+)');
  return new RegExp(`^${pattern}(?:\\?|$)`);
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

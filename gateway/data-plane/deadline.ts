import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { Deadline } from './run-plan.ts';

/** `x-request-timeout-ms`, capped by the endpoint's own limit, counted from the request's arrival. */
export function deadlineOf({ headers }: IncomingMessage, context: RequestContext, limitMs: number): Deadline {
  const header = headers['x-request-timeout-ms'];
  if (header === undefined) return { atMs: context.startedMs + limitMs };
  const asked = Number(header);
  if (!Number.isFinite(asked) || asked <= 0) {
    throw new Problem(
      'invalid-request',
      `x-request-timeout-ms is ${JSON.stringify(header).slice(0, 40)}: it must be a positive number of ms`,
    );
  }
  return { atMs: context.startedMs + Math.min(asked, limitMs) };
}

import { randomUUIDv7 } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { type Knowledge, NOTHING_KNOWN } from '../../experiments/check.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import type { Principal } from '../access/principal.ts';
import type { Tenant } from '../catalogue/tenant.ts';
import type { Configuration } from '../snapshot/configuration.ts';

/** What the phases of one request hand to each other. Made on arrival, kept with the response. */
export interface RequestContext {
  /** UUID v7, made here: the identity of the answer, its exposure and its log record. */
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** `performance.now()` on arrival, for durations. */
  readonly startedMs: number;
  /** Who calls the data plane; null on the control plane. */
  tenant: Tenant | null;
  /** Who calls the control plane; null on the data plane. */
  principal: Principal | null;
  /** The one configuration that this request uses from beginning to end. */
  configuration: Configuration | null;
  /** What is known of whoever asks, beside what the request says. */
  knowledge: Knowledge;
  /** What exposures record of the request's context. */
  dimensions: Readonly<Record<string, string>>;
  /** Its trace, where traces are kept. */
  span: TracedSpan | null;
  /** What the log record says beside method, path and status. */
  readonly log: Record<string, unknown>;
}

const CONTEXT = Symbol('context');

type Answering = ServerResponse & { [CONTEXT]?: RequestContext };

/** First phase: gives the request its identity, and the answer its `x-request-id`. */
export function begin(response: Answering): RequestContext {
  const context: RequestContext = {
    requestId: randomUUIDv7(),
    arrivedAt: Date.now(),
    startedMs: performance.now(),
    tenant: null,
    principal: null,
    configuration: null,
    knowledge: NOTHING_KNOWN,
    dimensions: {},
    span: null,
    log: {},
  };
  response[CONTEXT] = context;
  response.setHeader('x-request-id', context.requestId);
  return context;
}

export const beginRequest: RequestHandler = (_request, response, next) => {
  begin(response);
  next();
};

/** The context of a request that has begun. */
export function contextOf(response: Answering): RequestContext {
  const context = response[CONTEXT];
  if (context === undefined) throw new Error('this request has not begun');
  return context;
}

/** Milliseconds since the request arrived. */
export function elapsedMs(context: RequestContext): number {
  return performance.now() - context.startedMs;
}

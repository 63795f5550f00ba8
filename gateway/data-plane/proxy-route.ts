import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { type Assignment, assign } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import type { TargetBreakers } from '../targets/target-breakers.ts';
import { setAnswerHeaders } from './answer-headers.ts';
import { deadlineOf } from './deadline.ts';
import { evaluationContext } from './evaluation-context.ts';
import { findEndpoint } from './find-endpoint.ts';
import { count, type DataPlane } from './infer-route.ts';
import { type AttemptPlan, planAttempts } from './plan-attempts.ts';
import { rewriteRequestHeaders, rewriteResponseHeaders } from './proxy-headers.ts';
import { recordExposure } from './record-exposure.ts';
import { type Called, recordInvocation } from './record-invocation.ts';

/** A stream that says nothing for this long has died. */
const IDLE_STREAM_MS = 120_000;

/** What a host that is down says through what stands before it. Its own 500 may be the fault of one request. */
const TARGET_AWAY = new Set([502, 503, 504]);

type HttpTarget = Target & { readonly kind: 'http' };

/** One proxied request on its way. */
interface Passage {
  readonly context: RequestContext;
  readonly endpoint: CompiledEndpoint;
  readonly assignment: Assignment;
  readonly assigned: Target;
  readonly target: HttpTarget;
  /** `performance.now()` when the target was chosen. */
  readonly calledMs: number;
  /** Runs until the target's headers are there. */
  readonly timer: NodeJS.Timeout;
  /** Hands a problem to Express, where it becomes the answer. */
  readonly next: NextFunction;
  upstream: ClientRequest | null;
  outOfTime: boolean;
}

/**
 * `ALL /v1/proxy/{endpoint}/*`: the request goes to the variant's HTTP target as a stream and the answer comes
 * back as one. Nothing reads the body, so nothing can repeat it: there is no retry here, but a target whose
 * breaker is open gives way to its twin before anything is sent.
 */
export function proxyRoute(plane: DataPlane): RequestHandler<{ endpoint: string }> {
  const proxyTo = proxies(plane);
  return (request, response, next) => {
    const passage = begin(plane, request, { response, next });
    response.locals['passage'] = passage;
    response.once('close', () => clearTimeout(passage.timer));
    // Network errors come to `on.error`; to `next`, only what fails before anything is asked.
    void proxyTo(passage.target)(request, response, (error) => giveUp(plane, passage, { error, response }));
  };
}

/** One middleware per target: made at its first request, gone with the configuration that named it. */
function proxies(
  plane: DataPlane,
): (target: HttpTarget) => ReturnType<typeof createProxyMiddleware<Request, Response>> {
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 }),
  };
  const made = new WeakMap<HttpTarget, ReturnType<typeof createProxyMiddleware<Request, Response>>>();
  return (target) => {
    const known = made.get(target);
    if (known !== undefined) return known;
    const proxy = createProxyMiddleware<Request, Response>({
      target: target.url,
      changeOrigin: true,
      proxyTimeout: IDLE_STREAM_MS,
      agent: target.url.startsWith('https:') ? agents.https : agents.http,
      on: {
        proxyReq: (upstream, _request, response) => {
          passageOf(response).upstream = upstream;
        },
        proxyRes: (answer, _request, response) => answered(plane, passageOf(response), { answer, response }),
        error: (error, _request, response) => {
          // A socket stands here for a WebSocket's response, and those are not proxied.
          if ('locals' in response) giveUp(plane, passageOf(response), { error, response });
        },
      },
    });
    made.set(target, proxy);
    return proxy;
  };
}

/** The passage that `begin` has left with the response. */
const passageOf = (response: Response): Passage => response.locals['passage'] as Passage;

function begin(
  plane: DataPlane,
  request: Request<{ endpoint: string }>,
  { response, next }: { readonly response: Response; readonly next: NextFunction },
): Passage {
  const context = contextOf(response);
  const endpoint = findEndpoint(context, request.params.endpoint);
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  const { key, timeoutMs } = endpoint.endpoint;
  if (endpoint.defaultTarget.target.kind !== 'http') {
    throw new Problem('wrong-target-kind', `endpoint "${key}" serves models: call /v2/models/${key}/infer`);
  }
  const evaluated = evaluationContext({
    headers: request.headers,
    tenant: context.tenant,
    units: endpoint.units,
  });
  context.dimensions = endpoint.dimensionsOf(evaluated);
  const assignment = assign(endpoint.experiments, evaluated);
  context.log['assignment'] = assignment.reason;
  const path = pathBelow(request.url);
  const deadline = deadlineOf(request, context, timeoutMs ?? plane.requestTimeoutMs);
  const plan = planAttempts(assignment, endpoint);
  const target = choose(plan, plane.targets.breakers);
  const passage: Passage = {
    context,
    endpoint,
    assignment,
    assigned: plan.assigned,
    target,
    calledMs: performance.now(),
    next,
    upstream: null,
    outOfTime: false,
    timer: setTimeout(
      () => {
        passage.outOfTime = true;
        passage.upstream?.destroy(new Error('no answer before the deadline'));
      },
      Math.min(deadline.atMs - performance.now(), target.timeoutMs ?? Number.POSITIVE_INFINITY),
    ),
  };
  request.url = path;
  rewriteRequestHeaders(request.headers, {
    address: request.socket.remoteAddress ?? 'unknown',
    host: request.headers.host ?? '',
    requestId: context.requestId,
    bearer: plane.targets.bearerOf(target),
  });
  return passage;
}

/** The assigned target, or the first stand-in whose breaker lets a request through. */
function choose(plan: AttemptPlan, breakers: TargetBreakers): HttpTarget {
  const candidates = plan.steps.flatMap(({ target, retry }) =>
    target.kind === 'http' && !retry ? [target] : [],
  );
  const chosen = candidates.find(({ key }) => breakers.admit(key)) ?? candidates[0];
  if (chosen === undefined) throw new Error(`target "${plan.assigned.key}" is not an HTTP host`);
  return chosen;
}

const DOT_SEGMENT = /(^|\/)(\.|%2e){1,2}(\/|$)/i;

/** The part of the URL that is this gateway's; a client may name the host in it (RFC 9112, 3.2.2). */
const OWN_PART = /^(https?:\/\/[^/?]*)?\/v1\/proxy\/[^/?]+/i;

/**
 * What follows the endpoint, as it was sent. Dot segments are refused, between escaped separators too: a target
 * that resolves them would let the request climb out of the target's path.
 */
function pathBelow(url: string): string {
  const below = url.replace(OWN_PART, '');
  const [path = ''] = below.split('?', 1);
  if (DOT_SEGMENT.test(path.replace(/\\|%2f|%5c/gi, '/'))) {
    throw new Problem('invalid-request', 'the path must not hold "." or ".." segments');
  }
  return below.startsWith('/') ? below : `/${below}`;
}

/** The target's headers are there: this is the moment of the exposure, before any byte goes to the client. */
function answered(
  plane: DataPlane,
  passage: Passage,
  { answer, response }: { readonly answer: IncomingMessage; readonly response: Response },
): void {
  clearTimeout(passage.timer);
  const status = answer.statusCode ?? 502;
  const { target, assigned, endpoint, assignment, context } = passage;
  const away = TARGET_AWAY.has(status);
  plane.targets.breakers.report(target.key, !away);
  plane.telemetry.attempts.inc({ target: target.key, outcome: away ? 'failed' : 'answered' });
  expose(plane, passage, { status, target, error: status < 500 ? null : 'target-failed' });
  invoked(plane, passage, {
    status,
    outcome: away ? 'failed' : 'answered',
    error: status < 500 ? null : 'failed',
  });
  count(plane.telemetry, context, { endpoint: endpoint.endpoint.key, status, served: target, assigned });
  rewriteResponseHeaders(answer.headers);
  // Left out, the library would say keep-alive to a client that asked to close.
  answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
  setAnswerHeaders(response, { endpoint: endpoint.endpoint, assignment, assigned, served: target });
  // A stream may begin long before its first event does. Where body and headers came together, so they leave.
  setImmediate(() => {
    if (!response.headersSent && !response.destroyed) response.flushHeaders();
  });
}

/** An error before the answer began becomes a problem; after that, the client must see that it has not all of it. */
function giveUp(
  plane: DataPlane,
  passage: Passage,
  { error, response }: { readonly error: unknown; readonly response: Response },
): void {
  clearTimeout(passage.timer);
  if (response.writableEnded) return;
  if (response.headersSent || response.destroyed) response.destroy();
  else passage.next(failed(plane, passage, error));
}

/** No answer came: the client gets a problem, the exposure says so, and the target is counted out. */
function failed(plane: DataPlane, passage: Passage, error: unknown): Problem {
  const { target, assigned, endpoint, context } = passage;
  const code = passage.outOfTime ? 'deadline-exceeded' : 'target-failed';
  const detail = passage.outOfTime
    ? 'the target gave no answer before the deadline'
    : 'the target could not be reached';
  const problem = new Problem(code, `${detail} (endpoint "${endpoint.endpoint.key}")`, { cause: error });
  plane.targets.breakers.report(target.key, false);
  plane.telemetry.attempts.inc({
    target: target.key,
    outcome: passage.outOfTime ? 'timeout' : 'unreachable',
  });
  expose(plane, passage, { status: problem.status, target: null, error: code });
  invoked(plane, passage, {
    status: null,
    outcome: 'failed',
    error: passage.outOfTime ? 'timeout' : 'unreachable',
  });
  count(plane.telemetry, context, {
    endpoint: endpoint.endpoint.key,
    status: problem.status,
    served: null,
    assigned,
  });
  return problem;
}

function expose(
  plane: DataPlane,
  { context, endpoint, assignment, assigned }: Passage,
  served: { readonly status: number; readonly target: Target | null; readonly error: string | null },
): void {
  if (assignment.kind !== 'enrolled') return;
  void recordExposure(plane.spool, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    assigned,
    attempts: 1,
    ...served,
  });
  // The library writes to the client in this very turn.
  plane.spool.commit();
}

function invoked(
  plane: DataPlane,
  { context, endpoint, assignment, assigned, target, calledMs }: Passage,
  ended: Pick<Called, 'status' | 'outcome' | 'error'>,
): void {
  recordInvocation(plane.spool, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    target,
    call: target.key === assigned.key ? 'primary' : 'fallback',
    latencyMs: performance.now() - calledMs,
    cost: null,
    ...ended,
  });
}

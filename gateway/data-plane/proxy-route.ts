import type { ClientRequest, IncomingMessage } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { assign, type EvaluationContext } from '../../experiments/assignment.ts';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import { isWebSocket, releaseSocket, upgradeHead } from '../http/upgrade.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { attemptSpan } from '../targets/attempt-span.ts';
import type { CredentialHeaders } from '../targets/credentials/target-credentials.ts';
import type { TargetBreakers } from '../targets/target-breakers.ts';
import { evaluationOf, recordEvaluation } from '../telemetry/record-evaluation.ts';
import type { DataPlane } from './data-plane.ts';
import { deadlineOf } from './deadline.ts';
import { evaluationContext } from './evaluation-context.ts';
import { findEndpoint } from './find-endpoint.ts';
import { begun, giveUp, type Passage } from './passage.ts';
import { type AttemptPlan, planAttempts } from './plan-attempts.ts';
import { answerHeaders, requestHeaders, trailersOf } from './proxy-headers.ts';
import { pathBelow } from './proxy-path.ts';
import { type HttpTarget, proxyTransport } from './proxy-transport.ts';
import type { Deadline } from './run-plan.ts';
import { sideAssignments } from './side-assignments.ts';

/**
 * `ALL /v1/proxy/{endpoint}/*`: the request goes to the variant's HTTP target as a stream and the answer comes
 * back as one. Nothing reads the body, so nothing can repeat it: there is no retry here, but a target whose
 * breaker is open gives way to its twin before anything is sent. A WebSocket is the same with another ending.
 */
export function proxyRoute(plane: DataPlane): RequestHandler<{ endpoint: string }> {
  const proxyTo = proxyTransport(
    {
      sending: (request, upstream) => {
        passageOf(request).upstream = upstream;
        sendTrailers(request, upstream);
      },
      answered: (request, answer) => stream(plane, passageOf(request), answer),
      upgraded: (request, answer, socket) => {
        const passage = passageOf(request);
        void begun(plane, passage, 101);
        // The library writes to the client in this very turn.
        plane.spool.commit();
        answer.headers = upgradeHeaders(passage, answer);
        releaseSocket(passage.response, socket);
        passage.context.log['status'] = 101;
      },
      upgradeRefused: (request, answer) => {
        const passage = passageOf(request);
        begun(plane, passage, answer.statusCode ?? 502);
        answer.headers = upgradeHeaders(passage, answer);
      },
      failed: (request, error) => giveUp(plane, passageOf(request), error),
    },
    () => plane.targets.secrets,
  );
  const pass = (request: Request, passage: Passage, credentials: CredentialHeaders) => {
    const proxy = proxyTo(passage.target);
    Object.assign(request.headers, credentials);
    const head = upgradeHead(request);
    if (head !== undefined) proxy.upgrade(request, request.socket, head);
    // Network errors come to `failed`; to `next`, only what fails before anything is asked.
    else void proxy(request, passage.response, (error) => giveUp(plane, passage, error));
  };
  const go = (asked: Asked, request: Request, { response, next }: Answering) => {
    const passage = begin(plane, { ...asked, request, response, next });
    response.locals['passage'] = passage;
    const credentials = plane.targets.credentialsOf(passage.target);
    if (!(credentials instanceof Promise)) pass(request, passage, credentials);
    else
      credentials.then(
        (found) => (passage.outOfTime || response.destroyed ? undefined : pass(request, passage, found)),
        (error: unknown) => giveUp(plane, passage, error),
      );
  };
  return (request, response, next) => {
    const asked = read(request, response);
    const learning = plane.sticky.learn(asked.context, asked.endpoint.sticky, asked.attributes);
    if (learning === undefined) return go(asked, request, { response, next });
    return learning.then(() => (response.destroyed ? undefined : go(asked, request, { response, next })));
  };
}

/** The passage that the route has left with the response. */
const passageOf = (request: Request) => request.res?.locals['passage'] as Passage;

/** What a request asks for, and what it says of its unit. */
interface Asked {
  readonly context: RequestContext;
  readonly endpoint: CompiledEndpoint;
  readonly attributes: EvaluationContext;
}

interface Answering {
  readonly response: Response;
  readonly next: NextFunction;
}

function read(request: Request<{ endpoint: string }>, response: Response): Asked {
  const context = contextOf(response);
  const endpoint = findEndpoint(context, request.params.endpoint);
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  const { key } = endpoint.endpoint;
  if (endpoint.defaultTarget.target.kind !== 'http') {
    throw new Problem('wrong-target-kind', `endpoint "${key}" serves models: call /v2/models/${key}/infer`);
  }
  const { headers } = request;
  const attributes = evaluationContext({ headers, tenant: context.tenant, units: endpoint.units });
  return { context, endpoint, attributes };
}

function begin(
  plane: DataPlane,
  {
    context,
    endpoint,
    attributes,
    request,
    response,
    next,
  }: Asked & Answering & { readonly request: Request },
): Passage {
  const { timeoutMs } = endpoint.endpoint;
  context.dimensions = endpoint.dimensionsOf(attributes);
  const assignment = assign(endpoint.experiments, attributes, context.knowledge);
  context.log['assignment'] = assignment.reason;
  recordEvaluation(context.span, evaluationOf(assignment));
  const path = pathBelow(request.url);
  const deadline = deadlineOf(request, context, timeoutMs ?? plane.requestTimeoutMs);
  const plan = planAttempts(assignment, endpoint);
  const target = choose(plan, plane.targets.breakers);
  const call = target.key === plan.assigned.key ? 'primary' : 'fallback';
  const span =
    context.span === null ? null : attemptSpan(context.span, target, { call, method: request.method });
  if (span !== null) response.once('close', () => span.end());
  const passage: Passage = {
    span,
    context,
    response,
    endpoint,
    assignment,
    beside: sideAssignments(endpoint, attributes, context.knowledge),
    assigned: plan.assigned,
    target,
    calledMs: performance.now(),
    next,
    upstream: null,
    outOfTime: false,
    timer: setTimeout(
      () => {
        passage.outOfTime = true;
        if (passage.upstream === null)
          giveUp(plane, passage, new Error('no credentials before the deadline'));
        else passage.upstream.destroy(new Error('no answer before the deadline'));
      },
      untilHeadersMs(target, deadline),
    ),
  };
  request.url = path;
  request.headers = requestHeaders(
    request.headers,
    {
      address: request.socket.remoteAddress ?? 'unknown',
      host: request.headers.host ?? '',
      requestId: context.requestId,
      trace: span?.context,
    },
    isWebSocket(request) ? 'websocket' : undefined,
  );
  return passage;
}

/** How long the target has for the beginning of its answer. */
function untilHeadersMs({ timeoutMs, firstByteTimeoutMs }: HttpTarget, deadline: Deadline): number {
  const limits = [timeoutMs, firstByteTimeoutMs].map((limit) => limit ?? Number.POSITIVE_INFINITY);
  return Math.min(deadline.atMs - performance.now(), ...limits);
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

/** Passes on the fields that follow a chunked request; they are known when its body has ended. */
function sendTrailers(request: IncomingMessage, upstream: ClientRequest): void {
  if (request.headers['transfer-encoding'] === undefined) return;
  request.prependOnceListener('end', () => upstream.addTrailers(trailersOf(request.rawTrailers)));
}

/** Whether a body of unknown length reaches this client in chunks: not HTTP/1.0, and not where there is no body. */
function mayChunk({ req, statusCode }: Response): boolean {
  const hasBody = req.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
  return hasBody && req.httpVersion !== '1.0';
}

/** Passes the answer on as it comes, its trailer fields too. */
function stream(plane: DataPlane, passage: Passage, answer: IncomingMessage): void {
  const { response } = passage;
  const exposed = begun(plane, passage, answer.statusCode ?? 502);
  response.statusCode = answer.statusCode ?? 502;
  response.statusMessage = answer.statusMessage ?? '';
  const headers = answerHeaders(answer.rawHeaders, mayChunk(response));
  for (let index = 0; index + 1 < headers.length; index += 2) {
    response.appendHeader(headers[index] ?? '', headers[index + 1] ?? '');
  }
  if (answer.headers['transfer-encoding'] !== undefined) {
    answer.once('end', () => response.addTrailers(trailersOf(answer.rawTrailers)));
  }
  void exposed.then(() => {
    if (response.destroyed) return;
    answer.pipe(response);
    // A stream may begin long before its first event does. Where body and headers came together, so they leave.
    setImmediate(() => {
      if (!response.headersSent && !response.destroyed) response.flushHeaders();
    });
  });
}

/** Of an upgrade's answer, whose headers the library writes: these three are of the new connection. */
const OF_THE_UPGRADE: ReadonlySet<string> = new Set(['connection', 'upgrade', 'transfer-encoding']);

/** The target's headers that may pass, and the gateway's own. */
function upgradeHeaders({ response }: Passage, answer: IncomingMessage): IncomingMessage['headers'] {
  const passing = new Set(answerHeaders(answer.rawHeaders).map((text) => text.toLowerCase()));
  const kept = Object.entries(answer.headers).filter(
    ([name]) => passing.has(name) || OF_THE_UPGRADE.has(name),
  );
  const own = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
  return Object.fromEntries([...kept, ...own]);
}

import type { ServerResponse } from 'node:http';
import { assign, type EvaluationContext } from '../../experiments/assignment.ts';
import { readBody } from '../http/read-body.ts';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import type { DirectHandler, RoutedRequest } from '../http/route.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { attemptSpan } from '../targets/attempt-span.ts';
import { evaluationOf, recordEvaluation } from '../telemetry/record-evaluation.ts';
import type { DataPlane } from './data-plane.ts';
import { deadlineOf } from './deadline.ts';
import { Decisions, wantsDecisions } from './decisions.ts';
import { evaluationContext } from './evaluation-context.ts';
import { findEndpoint } from './find-endpoint.ts';
import { nextCandidate } from './next-candidate.ts';
import {
  broke,
  type Candidate,
  type Passage,
  type PassageCall,
  refuse,
  type StreamedTarget,
} from './passage.ts';
import { planAttempts, type Step } from './plan-attempts.ts';
import { pathBelow } from './proxy-path.ts';
import type { Deadline } from './run-plan.ts';
import { endInTime, type Listener, type Send, senderOf } from './send-passage.ts';
import { sageMakerSenderOf } from './send-to-sagemaker.ts';
import { sideAssignments } from './side-assignments.ts';

/**
 * `ALL /v1/proxy/{endpoint}/*`: the request goes to the variant's HTTP target as a stream and the answer comes
 * back as one. Nothing keeps the body, so once it is being sent nothing can repeat it; a target that could not be
 * reached, rests or has no room gives way to its twin before. A WebSocket is the same with another ending, and a
 * SageMaker endpoint the same with a body that is read first, since the signature covers it.
 */
export function proxyRoute(plane: DataPlane): DirectHandler {
  const failed: Listener = (passage, call, error) => {
    const next = broke(plane, passage, call, error);
    if (next === 'ask-next') ask(plane, passage, { send, cause: error });
    else if (next === 'refuse') refuse(plane, passage, error);
  };
  const senders = { http: senderOf(plane, failed), sagemaker: sageMakerSenderOf(plane, failed) };
  const send: Send = {
    begin: (passage, call) => (senders[call.target.kind] as Send).begin(passage, call),
    outOfTime: endInTime(failed),
  };
  const go = (asked: Asked, answering: Pick<Passage, 'request' | 'response' | 'next'>) => {
    const passage = begin(plane, asked, answering);
    const { context, response } = passage;
    response.once('close', () => {
      const { call } = passage;
      const isOver = response.writableFinished || context.log['status'] === 101;
      if (isOver || call === null) return;
      const reason = new Error('the client left');
      call.abort?.(reason);
      broke(plane, passage, call, reason);
    });
    ask(plane, passage, { send, cause: null });
  };
  return (request, response, next) => {
    const asked = read(request, response);
    const learning = plane.sticky.learn(asked.context, asked.endpoint.sticky, asked.attributes);
    const reading = asked.kind === 'sagemaker' ? signedBody(request, plane.maxBodyBytes) : null;
    if (learning === undefined && reading === null) return go(asked, { request, response, next });
    return Promise.all([reading, learning]).then(([body]) =>
      response.destroyed ? undefined : go({ ...asked, body }, { request, response, next }),
    );
  };
}

/** What a request asks for, and what it says of its unit. */
interface Asked {
  readonly context: RequestContext;
  readonly endpoint: CompiledEndpoint;
  readonly attributes: EvaluationContext;
  /** Of the targets that come into question. */
  readonly kind: StreamedTarget['kind'];
  readonly body: Buffer | null;
}

/** SageMaker has no paths below an endpoint, and takes nothing but a body. */
function signedBody(request: RoutedRequest, maxBytes: number): Promise<Buffer> {
  const path = pathBelow(request.url ?? '');
  if (request.method === 'POST' && (path === '/' || path.startsWith('/?')))
    return readBody(request, maxBytes);
  const message = 'a SageMaker endpoint is asked by POST /v1/proxy/{endpoint}, and has nothing below it';
  throw new Problem('invalid-request', message);
}

function read(request: RoutedRequest, response: ServerResponse): Asked {
  const context = contextOf(response);
  const endpoint = findEndpoint(context, request.params['endpoint']);
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  const { key } = endpoint.endpoint;
  const { kind } = endpoint.defaultTarget.target;
  if (kind !== 'http' && kind !== 'sagemaker') {
    throw new Problem('wrong-target-kind', `endpoint "${key}" serves models: call /v2/models/${key}/infer`);
  }
  const { headers } = request;
  const attributes = evaluationContext({ headers, tenant: context.tenant, units: endpoint.units });
  return { context, endpoint, attributes, kind, body: null };
}

/** Asks the next target; where there is none, the client is told what came of those before. */
function ask(
  plane: DataPlane,
  passage: Passage,
  { send, cause }: { readonly send: Send; readonly cause: unknown },
): void {
  const candidate = nextCandidate(plane.targets, passage);
  if (candidate === null) {
    refuse(plane, passage, cause);
    return;
  }
  const { target, role } = candidate;
  const as = role === null ? 'primary' : 'fallback';
  const { span: parent } = passage.context;
  const method = passage.request.method ?? 'GET';
  const call: PassageCall = {
    target,
    as,
    calledMs: performance.now(),
    span: parent === null ? null : attemptSpan(parent, target, { call: as, method, streamed: true }),
    timer: setTimeout(() => send.outOfTime(passage, call), untilHeadersMs(target, passage.deadline)),
    abort: null,
    outOfTime: false,
    settled: false,
  };
  passage.call = call;
  passage.calls += 1;
  send.begin(passage, call);
}

function begin(
  plane: DataPlane,
  { context, endpoint, attributes, kind, body }: Asked,
  { request, response, next }: Pick<Passage, 'request' | 'response' | 'next'>,
): Passage {
  const { headers } = request;
  const { timeoutMs } = endpoint.endpoint;
  context.dimensions = endpoint.dimensionsOf(attributes);
  const assignment = assign(endpoint.experiments, attributes, context.knowledge);
  context.log['assignment'] = assignment.reason;
  recordEvaluation(context.span, evaluationOf(assignment));
  const path = pathBelow(request.url ?? '');
  const deadline = deadlineOf(request, context, timeoutMs ?? plane.requestTimeoutMs);
  const { assigned, steps } = planAttempts(assignment, endpoint);
  return {
    request,
    headers,
    path,
    body,
    context,
    response,
    endpoint,
    assignment,
    beside: sideAssignments(endpoint, attributes, context.knowledge),
    assigned,
    deadline,
    decisions: new Decisions(plane.telemetry.decisions),
    tellDecisions: wantsDecisions(headers),
    candidates: steps.flatMap((step) => candidateOf(step, kind)),
    rested: [],
    next,
    call: null,
    calls: 0,
    failure: null,
  };
}

/** A second try on the same target is none here. */
function candidateOf({ target, role }: Step, kind: StreamedTarget['kind']): Candidate[] {
  if (target.kind !== kind || role === 'retry') return [];
  return [{ target: target as StreamedTarget, role }];
}

/** How long the target has for the beginning of its answer. */
function untilHeadersMs({ timeoutMs, firstByteTimeoutMs }: StreamedTarget, deadline: Deadline): number {
  const limits = [timeoutMs, firstByteTimeoutMs].map((limit) => limit ?? Number.POSITIVE_INFINITY);
  return Math.min(deadline.atMs - performance.now(), ...limits);
}

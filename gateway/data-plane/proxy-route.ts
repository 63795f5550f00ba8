import type { ServerResponse } from 'node:http';
import { assign, type EvaluationContext } from '../../experiments/assignment.ts';
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
import { broke, type Candidate, type Passage, type PassageCall, refuse } from './passage.ts';
import { planAttempts, type Step } from './plan-attempts.ts';
import { pathBelow } from './proxy-path.ts';
import type { HttpTarget } from './proxy-transport.ts';
import type { Deadline } from './run-plan.ts';
import { type Send, senderOf } from './send-passage.ts';
import { sideAssignments } from './side-assignments.ts';

/**
 * `ALL /v1/proxy/{endpoint}/*`: the request goes to the variant's HTTP target as a stream and the answer comes
 * back as one. Nothing keeps the body, so once it is being sent nothing can repeat it; a target that could not be
 * reached, rests or has no room gives way to its twin before. A WebSocket is the same with another ending.
 */
export function proxyRoute(plane: DataPlane): DirectHandler {
  const send = senderOf(plane, (passage, call, error) => {
    const next = broke(plane, passage, call, error);
    if (next === 'ask-next') ask(plane, passage, { send, cause: error });
    else if (next === 'refuse') refuse(plane, passage, error);
  });
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
    if (learning === undefined) return go(asked, { request, response, next });
    return learning.then(() => (response.destroyed ? undefined : go(asked, { request, response, next })));
  };
}

/** What a request asks for, and what it says of its unit. */
interface Asked {
  readonly context: RequestContext;
  readonly endpoint: CompiledEndpoint;
  readonly attributes: EvaluationContext;
}

function read(request: RoutedRequest, response: ServerResponse): Asked {
  const context = contextOf(response);
  const endpoint = findEndpoint(context, request.params['endpoint']);
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  const { key } = endpoint.endpoint;
  if (endpoint.defaultTarget.target.kind !== 'http') {
    throw new Problem('wrong-target-kind', `endpoint "${key}" serves models: call /v2/models/${key}/infer`);
  }
  const { headers } = request;
  const attributes = evaluationContext({ headers, tenant: context.tenant, units: endpoint.units });
  return { context, endpoint, attributes };
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
    span: parent === null ? null : attemptSpan(parent, target, { call: as, method }),
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
  { context, endpoint, attributes }: Asked,
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
    context,
    response,
    endpoint,
    assignment,
    beside: sideAssignments(endpoint, attributes, context.knowledge),
    assigned,
    deadline,
    decisions: new Decisions(plane.telemetry.decisions),
    tellDecisions: wantsDecisions(headers),
    candidates: steps.flatMap(candidateOf),
    rested: [],
    next,
    call: null,
    calls: 0,
    failure: null,
  };
}

/** A second try on the same target is none here. */
function candidateOf({ target, role }: Step): Candidate[] {
  if (target.kind !== 'http' || role === 'retry') return [];
  return [{ target, role }];
}

/** How long the target has for the beginning of its answer. */
function untilHeadersMs({ timeoutMs, firstByteTimeoutMs }: HttpTarget, deadline: Deadline): number {
  const limits = [timeoutMs, firstByteTimeoutMs].map((limit) => limit ?? Number.POSITIVE_INFINITY);
  return Math.min(deadline.atMs - performance.now(), ...limits);
}

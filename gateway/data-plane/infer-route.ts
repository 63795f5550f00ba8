import type { ServerResponse } from 'node:http';
import { contextOf, type RequestContext } from '../http/request-context.ts';
import type { DirectHandler } from '../http/route.ts';
import { Cancellation } from '../targets/cancellation.ts';
import { costOf } from '../targets/cost-of.ts';
import type { InferenceCall } from '../targets/inference-call.ts';
import { statusOf } from '../targets/status-of.ts';
import { evaluationOf, recordEvaluation } from '../telemetry/record-evaluation.ts';
import { spanned } from '../telemetry/spanned.ts';
import type { DataPlane } from './data-plane.ts';
import { deadlineOf } from './deadline.ts';
import { attributesOf, decideInference, type Inference } from './decide-inference.ts';
import { Decisions, wantsDecisions } from './decisions.ts';
import { findEndpoint } from './find-endpoint.ts';
import { finishInference } from './finish-inference.ts';
import { hedgeBudgetOf } from './hedge-budget.ts';
import { recordInvocation } from './record-invocation.ts';
import { type AttemptListener, runPlan } from './run-plan.ts';
import { signatureAt } from './signature-at.ts';
import { throughCache } from './through-cache.ts';
import type { WireProtocol } from './wire-protocol.ts';

/** An inference in either protocol, of an endpoint or one version of it: read, assign, plan, attempt, record, answer. */
export function inferRoute(plane: DataPlane, protocol: WireProtocol): DirectHandler {
  return async (request, response) => {
    const context = contextOf(response);
    const endpoint = findEndpoint(context, request.params['endpoint']);
    const deadline = deadlineOf(request, context, endpoint.endpoint.timeoutMs ?? plane.requestTimeoutMs);
    const wire = await protocol.read(request, plane.maxBodyBytes);
    const turn = plane.limits.turn(response, context.tenant?.key ?? '', deadline.atMs - performance.now());
    if (turn !== undefined) await spanned(context.span, 'queue', turn);
    const sources = { headers: request.headers, parameters: wire.parameters };
    const attributes = attributesOf(context, endpoint, sources);
    const version = request.params['version'];
    const asksSticky = version === undefined ? endpoint.sticky : [];
    const learning = plane.sticky.learn(context, asksSticky, attributes);
    if (learning !== undefined) await spanned(context.span, 'sticky assignments', learning);
    const inference = decideInference(context, endpoint, { attributes, version });
    const { assigned } = inference.plan;
    const signature = () => signatureAt(plane.targets, { context, plan: inference.plan, deadline });
    const asked = await wire.toInfer(signature);
    const { features: sets } = endpoint.endpoint;
    const body =
      sets === undefined
        ? asked
        : await spanned(
            context.span,
            'features',
            plane.features.join({
              endpoint: endpoint.endpoint.key,
              tenant: context.tenant?.key ?? '',
              sets,
              context: inference.attributes,
              body: asked,
              signature,
              now: context.arrivedAt,
            }),
          );
    const decisions = new Decisions(plane.telemetry.decisions);
    const gone = cancelledByClient(response);
    const call: InferenceCall = {
      body,
      requestId: context.requestId,
      traceparent: traceHeader(request.headers['traceparent']),
      tracestate: traceHeader(request.headers['tracestate']),
      span: context.span,
      cancellation: gone,
    };
    const cacheable = { context, endpoint, assigned, body, deadline, clientGone: gone };
    recordEvaluation(context.span, evaluationOf(inference.assignment));
    const { result, cached } = await throughCache(plane.cache, cacheable, (cancellation) =>
      runPlan(plane.targets, {
        plan: inference.plan,
        deadline,
        decisions,
        hedges: hedgeBudgetOf(endpoint.endpoint),
        call: { ...call, cancellation },
        onAttempt: recordAttempts(plane, context, inference),
      }),
    );
    if (cached !== null) context.span?.set({ 'switchyard.cache': cached });
    if (!endpoint.endpoint.blinded) {
      if (cached !== null) response.setHeader('x-switchyard-cache', cached);
      if (wantsDecisions(request.headers)) response.setHeader('x-switchyard-decisions', String(decisions));
    }
    await finishInference(plane, { request, response, wire }, { ...inference, result });
    if (result.last.kind === 'answered') {
      plane.shadows.mirror({ ...inference, context, call, answer: result.last.body });
    }
  };
}

/** Each attempt becomes an invocation in the lake. */
function recordAttempts(
  { spool, telemetry }: DataPlane,
  context: RequestContext,
  { endpoint, assignment }: Inference,
): AttemptListener {
  return ({ target, call }, outcome, latencyMs) => {
    if (outcome.kind === 'answered' && target.pricePerRequest !== undefined) {
      telemetry.cost.inc({ endpoint: endpoint.endpoint.key, target: target.key }, target.pricePerRequest);
    }
    const failure = outcome.kind === 'failed' ? outcome.failure : null;
    recordInvocation(spool, context, {
      endpoint: endpoint.endpoint.key,
      assignment,
      target,
      call,
      outcome: outcome.kind,
      status: statusOf(target, outcome),
      error: failure,
      latencyMs,
      cost: costOf(target, failure),
    });
  };
}

/** Cancelled when the client goes away before its answer is complete. */
function cancelledByClient(response: ServerResponse): Cancellation {
  const cancellation = new Cancellation();
  response.once('close', () => {
    if (!response.writableFinished) cancellation.cancel('client-left');
  });
  return cancellation;
}

/** W3C trace context is passed on as it came, if it came once and at a sane size. */
function traceHeader(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header.length <= 512 ? header : null;
}

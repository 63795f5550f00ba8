import { randomUUIDv7 } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { type Assignment, assign, type EvaluationContext } from '../../experiments/assignment.ts';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import type { InferenceStatistics } from '../../models/codecs/inference-statistics.ts';
import { renameInferResponse } from '../../models/codecs/write-open-inference.ts';
import { sendInferBody } from '../../models/http/send-infer-body.ts';
import { featureUnits } from '../features/feature-set.ts';
import type { Features } from '../features/features.ts';
import { contextOf, elapsedMs, type RequestContext } from '../http/request-context.ts';
import type { RequestLimits } from '../limits/request-limits.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { Cancellation } from '../targets/cancellation.ts';
import type { InferenceCall } from '../targets/inference-call.ts';
import type { Targets } from '../targets/targets.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { setAnswerHeaders } from './answer-headers.ts';
import { countAnswer } from './count-answer.ts';
import { deadlineOf } from './deadline.ts';
import { Decisions } from './decisions.ts';
import { drawVersion } from './draw-version.ts';
import { findVersion } from './endpoint-versions.ts';
import { evaluationContext } from './evaluation-context.ts';
import { findEndpoint } from './find-endpoint.ts';
import { hedgeBudgetOf } from './hedge-budget.ts';
import { type AttemptPlan, planAttempts } from './plan-attempts.ts';
import { type ExposureRecorder, recordExposure } from './record-exposure.ts';
import { recordInvocation } from './record-invocation.ts';
import type { ResponseCache } from './response-cache.ts';
import { type AttemptListener, type PlanResult, runPlan } from './run-plan.ts';
import type { Shadows } from './shadow/shadows.ts';
import { parametersOf, sideAssignments } from './side-assignments.ts';
import { signatureAt } from './signature-at.ts';
import { throughCache } from './through-cache.ts';
import type { WireProtocol, WireRequest } from './wire-protocol.ts';

export interface DataPlane extends ExposureRecorder {
  readonly targets: Targets;
  readonly telemetry: Telemetry;
  readonly statistics: InferenceStatistics;
  readonly cache: ResponseCache<PlanResult>;
  readonly features: Features;
  readonly requestTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly limits: RequestLimits;
  readonly shadows: Shadows;
}

/** Overload passes in seconds or not at all. */
const RETRY_AFTER_SECONDS = 1;

/** One inference request on its way: what each phase found out. */
interface Inference {
  readonly endpoint: CompiledEndpoint;
  /** What the request says of its unit. */
  readonly attributes: EvaluationContext;
  readonly assignment: Assignment;
  readonly plan: AttemptPlan;
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly wire: WireRequest;
}

/** An inference in either protocol, of an endpoint or one version of it: read, assign, plan, attempt, record, answer. */
export function inferRoute(
  plane: DataPlane,
  protocol: WireProtocol,
): RequestHandler<{ endpoint: string; version?: string }> {
  return async (request, response) => {
    const context = contextOf(response);
    const endpoint = findEndpoint(context, request.params.endpoint);
    const deadline = deadlineOf(request, context, endpoint.endpoint.timeoutMs ?? plane.requestTimeoutMs);
    const wire = await protocol.read(request, plane.maxBodyBytes);
    const turn = plane.limits.turn(response, context.tenant?.key ?? '', deadline.atMs - performance.now());
    if (turn !== undefined) await turn;
    const inference = decide(context, endpoint, {
      headers: request.headers,
      parameters: wire.parameters,
      version: request.params.version,
    });
    const { assigned } = inference.plan;
    const signature = () => signatureAt(plane.targets, assigned, context.requestId);
    const asked = await wire.toInfer(signature);
    const { features: sets } = endpoint.endpoint;
    const body =
      sets === undefined
        ? asked
        : await plane.features.join({
            endpoint: endpoint.endpoint.key,
            tenant: context.tenant?.key ?? '',
            sets,
            context: inference.attributes,
            body: asked,
            signature,
            now: context.arrivedAt,
          });
    const decisions = new Decisions(plane.telemetry.decisions);
    const gone = cancelledByClient(response);
    const call: InferenceCall = {
      body,
      requestId: context.requestId,
      traceparent: traceHeader(request.headers['traceparent']),
      tracestate: traceHeader(request.headers['tracestate']),
      cancellation: gone,
    };
    const cacheable = { context, endpoint, assigned, body, deadline, clientGone: gone };
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
    if (!endpoint.endpoint.blinded) {
      if (cached !== null) response.setHeader('x-switchyard-cache', cached);
      if (wantsDecisions(request.headers)) response.setHeader('x-switchyard-decisions', String(decisions));
    }
    await finish(plane, { request, response, wire }, { ...inference, result });
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
    recordInvocation(spool, context, {
      endpoint: endpoint.endpoint.key,
      assignment,
      target,
      call,
      outcome: outcome.kind,
      status: outcome.kind === 'answered' && target.kind !== 'onnx' ? 200 : null,
      error: outcome.kind === 'failed' ? outcome.failure : null,
      latencyMs,
      cost: target.pricePerRequest ?? null,
    });
  };
}

/** Cancelled when the client goes away before its answer is complete. */
function cancelledByClient(response: Response): Cancellation {
  const cancellation = new Cancellation();
  response.once('close', () => {
    if (!response.writableFinished) cancellation.cancel('client-left');
  });
  return cancellation;
}

/** `x-switchyard-debug: decisions` asks to be told what was decided on the way. */
const wantsDecisions = (headers: IncomingHttpHeaders) => headers['x-switchyard-debug'] === 'decisions';

/** W3C trace context is passed on as it came, if it came once and at a sane size. */
function traceHeader(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header.length <= 512 ? header : null;
}

function decide(
  context: RequestContext,
  endpoint: CompiledEndpoint,
  {
    version,
    ...sources
  }: Pick<Parameters<typeof evaluationContext>[0], 'headers' | 'parameters'> & {
    /** Asked for by name: served as that, outside of every experiment. */
    readonly version: string | undefined;
  },
): Inference {
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  if (endpoint.defaultTarget.target.kind === 'http') {
    throw new Problem(
      'wrong-target-kind',
      `endpoint "${endpoint.endpoint.key}" is a plain HTTP host: call /v1/proxy/${endpoint.endpoint.key}/…`,
    );
  }
  const units = [...endpoint.units, ...featureUnits(endpoint.endpoint.features)];
  const attributes = evaluationContext({ ...sources, tenant: context.tenant, units });
  context.dimensions = endpoint.dimensionsOf(attributes);
  if (version !== undefined) return { ...pinned(context, endpoint, version), attributes };
  const assignment = assign(endpoint.experiments, attributes);
  context.log['assignment'] = assignment.reason;
  if (assignment.kind === 'enrolled') {
    context.log['experiment'] = assignment.experiment;
    context.log['variant'] = assignment.variant.key;
  }
  const unit = units.map((name) => attributes[name]).find((value) => typeof value === 'string');
  const defaultTarget = drawVersion(endpoint.defaultTarget, unit ?? context.requestId);
  return { endpoint, attributes, assignment, plan: planAttempts(assignment, { ...endpoint, defaultTarget }) };
}

function pinned(
  context: RequestContext,
  endpoint: CompiledEndpoint,
  version: string,
): Omit<Inference, 'attributes'> {
  context.log['assignment'] = 'version-asked-for';
  const assignment = { kind: 'not-enrolled', reason: 'no-experiment' } as const;
  const plan = planAttempts(assignment, { ...endpoint, defaultTarget: findVersion(endpoint, version) });
  return { endpoint, assignment, plan };
}

/** Records and answers. The exposure is in the spool before the first byte of the answer leaves. */
async function finish(
  plane: DataPlane,
  { request, response, wire }: Exchange,
  done: Inference & { readonly result: PlanResult },
): Promise<void> {
  const { endpoint, assignment, plan, result } = done;
  const context = contextOf(response);
  if (result.last.kind === 'abandoned') {
    response.destroy();
    return;
  }
  const answered = answerOf(endpoint, result);
  const answer = answered instanceof Problem ? answered : wire.answer(answered);
  const status = answer instanceof Problem ? answer.status : 200;
  const served = {
    endpoint: endpoint.endpoint.key,
    assigned: plan.assigned,
    target: result.served,
    attempts: result.attempts,
    status,
    error: answer instanceof Problem ? answer.code : null,
  };
  const beside = sideAssignments(endpoint, done.attributes);
  await Promise.all(
    beside.map((side) => recordExposure(plane, context, { ...served, assignment: side, id: randomUUIDv7() })),
  );
  const enrolled = assignment.kind === 'enrolled' ? [assignment, ...beside] : beside;
  const parameters = parametersOf(endpoint, enrolled);
  if (parameters !== null) {
    const text = Buffer.from(JSON.stringify(parameters)).toString('base64url');
    response.setHeader('x-switchyard-parameters', text);
  }
  if (assignment.kind === 'enrolled') {
    const { experiment, variant } = assignment;
    plane.telemetry.variantRequests.inc({ experiment, variant: variant.key, status });
    await recordExposure(plane, context, { ...served, assignment });
  }
  countAnswer(plane.telemetry, context, {
    endpoint: endpoint.endpoint.key,
    status,
    served: result.served,
    assigned: plan.assigned,
  });
  plane.statistics.record({
    name: endpoint.endpoint.key,
    version: endpoint.endpoint.blinded ? '' : ((result.served ?? plan.assigned).version ?? ''),
    succeeded: status < 400,
    elapsedMs: elapsedMs(context),
    atMs: Date.now(),
  });
  context.log['target'] = result.served?.key ?? null;
  context.log['attempts'] = result.attempts;
  if (result.served !== null) {
    setAnswerHeaders(response, {
      endpoint: endpoint.endpoint,
      assignment,
      assigned: plan.assigned,
      served: result.served,
    });
  }
  if (answer instanceof Problem) throw answer;
  await sendInferBody(request, response, answer);
}

/** The target's answer, byte for byte, or the problem that the client gets instead. */
function answerOf(
  { endpoint }: CompiledEndpoint,
  { last, attempts, outOfTime }: PlanResult,
): InferBody | Problem {
  switch (last.kind) {
    case 'answered':
      return endpoint.blinded ? blindedAnswer(endpoint.key, last.body) : last.body;
    case 'rejected':
      return new Problem('request-rejected', last.message);
    case 'abandoned':
      return new Problem('request-rejected', 'the client left');
    case 'failed': {
      const tried = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} on endpoint "${endpoint.key}"`;
      const why = endpoint.blinded ? last.failure : `${last.failure}: ${last.message}`;
      const detail = `${tried}; the last one: ${why}`;
      if (outOfTime) return new Problem('deadline-exceeded', detail);
      if (last.failure === 'shed' || last.failure === 'overloaded') {
        return new Problem('overloaded', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      return new Problem('target-failed', detail);
    }
  }
}

/** A blinded endpoint puts its own name where the model's would show. */
function blindedAnswer(endpoint: string, body: InferBody): InferBody | Problem {
  return (
    renameInferResponse(body, endpoint) ??
    new Problem('target-failed', 'the answer does not follow the Open Inference Protocol')
  );
}

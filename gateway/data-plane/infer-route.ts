import type { RequestHandler, Response } from 'express';
import { type Assignment, assign } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import { isObject } from '../../models/codecs/decode-tensor.ts';
import { parseLossless } from '../../models/codecs/lossless-json.ts';
import { decodeInferResponse, encodeInferResponse } from '../../models/codecs/open-inference.ts';
import { readBody } from '../http/read-body.ts';
import { clientGone, contextOf, elapsedMs, type RequestContext } from '../http/request-context.ts';
import type { Spool } from '../pipeline/spool.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import type { Targets } from '../targets/targets.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { setAnswerHeaders } from './answer-headers.ts';
import { deadlineOf } from './deadline.ts';
import { evaluationContext } from './evaluation-context.ts';
import { findEndpoint } from './find-endpoint.ts';
import { type AttemptPlan, planAttempts } from './plan-attempts.ts';
import { recordExposure } from './record-exposure.ts';
import { recordInvocation } from './record-invocation.ts';
import { type AttemptListener, type PlanResult, runPlan } from './run-plan.ts';

export interface DataPlane {
  readonly targets: Targets;
  readonly spool: Spool;
  readonly telemetry: Telemetry;
  readonly requestTimeoutMs: number;
  readonly maxBodyBytes: number;
}

/** One inference request on its way: what each phase found out. */
interface Inference {
  readonly endpoint: CompiledEndpoint;
  readonly assignment: Assignment;
  readonly plan: AttemptPlan;
}

/** `POST /v2/models/{endpoint}/infer`: read, assign, plan, attempt, record, answer. */
export function inferRoute(plane: DataPlane): RequestHandler<{ endpoint: string }> {
  return async (request, response) => {
    const context = contextOf(response);
    const endpoint = findEndpoint(context, request.params.endpoint);
    const deadline = deadlineOf(request, context, endpoint.endpoint.timeoutMs ?? plane.requestTimeoutMs);
    const body = await readBody(request, plane.maxBodyBytes);
    const inference = decide(context, endpoint, {
      headers: request.headers,
      parameters: parametersOf(body),
    });
    const result = await runPlan(plane.targets, {
      plan: inference.plan,
      deadline,
      call: {
        body,
        requestId: context.requestId,
        traceparent: traceHeader(request.headers['traceparent']),
        tracestate: traceHeader(request.headers['tracestate']),
        clientGone: clientGone(request, response),
      },
      onAttempt: recordAttempts(plane.spool, context, inference),
    });
    await finish(plane, response, { ...inference, result });
  };
}

/** Each attempt becomes an invocation in the lake. */
function recordAttempts(
  spool: Spool,
  context: RequestContext,
  { endpoint, assignment, plan }: Inference,
): AttemptListener {
  return ({ target, retry }, outcome, latencyMs) => {
    const standsIn = target.key !== plan.assigned.key;
    recordInvocation(spool, context, {
      endpoint: endpoint.endpoint.key,
      assignment,
      target,
      call: standsIn ? 'fallback' : retry ? 'retry' : 'primary',
      outcome: outcome.kind,
      status: outcome.kind === 'answered' && target.kind !== 'onnx' ? 200 : null,
      error: outcome.kind === 'failed' ? outcome.failure : null,
      latencyMs,
      cost: null,
    });
  };
}

/** W3C trace context is passed on as it came, if it came once and at a sane size. */
function traceHeader(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header.length <= 512 ? header : null;
}

/**
 * The protocol's request parameters, where context may travel. A body that cannot hold any is not parsed here:
 * the target parses it anyway, and says what is wrong with it.
 */
function parametersOf(body: Buffer): Readonly<Record<string, unknown>> {
  if (!body.includes('"parameters"') && !body.includes('\\u')) return {};
  let parsed: unknown;
  try {
    parsed = parseLossless(body.toString('utf8'));
  } catch (cause) {
    throw new Problem('invalid-request', 'the body is not JSON: check its syntax and encoding', { cause });
  }
  const parameters = isObject(parsed) ? parsed['parameters'] : undefined;
  if (!isObject(parameters)) return {};
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? String(value) : value,
    ]),
  );
}

function decide(
  context: RequestContext,
  endpoint: CompiledEndpoint,
  sources: Pick<Parameters<typeof evaluationContext>[0], 'headers' | 'parameters'>,
): Inference {
  if (context.tenant === null) throw new Error('an unauthenticated request reached the data plane');
  if (endpoint.defaultTarget.target.kind === 'http') {
    throw new Problem(
      'wrong-target-kind',
      `endpoint "${endpoint.endpoint.key}" is a plain HTTP host: call /v1/proxy/${endpoint.endpoint.key}/…`,
    );
  }
  const assignment = assign(
    endpoint.experiments,
    evaluationContext({ ...sources, tenant: context.tenant, units: endpoint.units }),
  );
  context.log['assignment'] = assignment.reason;
  if (assignment.kind === 'enrolled') {
    context.log['experiment'] = assignment.experiment;
    context.log['variant'] = assignment.variant.key;
  }
  return { endpoint, assignment, plan: planAttempts(assignment, endpoint) };
}

/** Records and answers. The exposure is in the spool before the first byte of the answer leaves. */
async function finish(
  plane: DataPlane,
  response: Response,
  done: Inference & { readonly result: PlanResult },
): Promise<void> {
  const { endpoint, assignment, plan, result } = done;
  const context = contextOf(response);
  if (result.last.kind === 'abandoned') {
    response.destroy();
    return;
  }
  const answer = answerOf(endpoint, result);
  const status = answer instanceof Problem ? answer.status : 200;
  if (assignment.kind === 'enrolled') {
    await recordExposure(plane.spool, context, {
      endpoint: endpoint.endpoint.key,
      assignment,
      assigned: plan.assigned,
      target: result.served,
      attempts: result.attempts,
      status,
      error: answer instanceof Problem ? answer.code : null,
    });
  }
  count(plane.telemetry, context, {
    endpoint: endpoint.endpoint.key,
    status,
    served: result.served,
    assigned: plan.assigned,
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
  response.setHeader('content-type', 'application/json').end(answer);
}

/** The target's answer, byte for byte, or the problem that the client gets instead. */
function answerOf(
  { endpoint }: CompiledEndpoint,
  { last, attempts, outOfTime }: PlanResult,
): Buffer | string | Problem {
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
      return new Problem(outOfTime ? 'deadline-exceeded' : 'target-failed', `${tried}; the last one: ${why}`);
    }
  }
}

/** A blinded endpoint puts its own name where the model's would show. */
function blindedAnswer(endpoint: string, body: Buffer): string | Problem {
  const decoded = decodeInferResponse(body);
  if (!decoded.ok)
    return new Problem('target-failed', 'the answer does not follow the Open Inference Protocol');
  const { id, outputs } = decoded.value;
  const encoded = encodeInferResponse({ modelName: endpoint, ...(id === undefined ? {} : { id }), outputs });
  return encoded.ok
    ? encoded.value
    : new Problem('target-failed', 'the answer cannot be written as the Open Inference Protocol has it');
}

/** Counts one answer of the data plane. */
export function count(
  telemetry: Telemetry,
  context: RequestContext,
  {
    endpoint,
    status,
    served,
    assigned,
  }: { endpoint: string; status: number; served: Target | null; assigned: Target },
): void {
  telemetry.requests.inc({ endpoint, status });
  telemetry.requestSeconds.observe({ endpoint }, elapsedMs(context) / 1_000);
  if (served !== null && served.key !== assigned.key)
    telemetry.fallbacks.inc({ endpoint, target: served.key });
}

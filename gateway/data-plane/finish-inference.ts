import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { renameInferResponse } from '../../models/codecs/write-open-inference.ts';
import { sendInferBody } from '../../models/http/send-infer-body.ts';
import { contextOf, elapsedMs } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { setAnswerHeaders, setParameters } from './answer-headers.ts';
import { countAnswer, countVariant } from './count-answer.ts';
import type { DataPlane } from './data-plane.ts';
import type { Inference } from './decide-inference.ts';
import { recordExposures } from './record-exposures.ts';
import type { PlanResult } from './run-plan.ts';
import { parametersOf, sideAssignments } from './side-assignments.ts';
import type { WireRequest } from './wire-protocol.ts';

/** Overload passes in seconds or not at all. */
const RETRY_AFTER_SECONDS = 1;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly wire: WireRequest;
}

/** Records and answers. The exposure is in the spool before the first byte of the answer leaves. */
export async function finishInference(
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
    cost: result.cost,
    status,
    error: answer instanceof Problem ? answer.code : null,
  };
  const beside = sideAssignments(endpoint, done.attributes, context.knowledge);
  const enrolled = assignment.kind === 'enrolled' ? [assignment, ...beside] : beside;
  setParameters(response, parametersOf(endpoint, enrolled));
  countVariant(plane.telemetry, context, { assignment, status });
  await recordExposures(plane, context, { ...served, assignment, beside });
  if (done.trial !== null) {
    const { key: experiment, version: variant, weightBp: propensityBp, unit } = done.trial;
    const latencyMs = elapsedMs(context);
    plane.trials.observe({ ...served, experiment, variant, propensityBp, unit, latencyMs });
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

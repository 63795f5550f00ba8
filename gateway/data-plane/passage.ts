import type { ClientRequest } from 'node:http';
import type { NextFunction, Response } from 'express';
import type { Assignment, Enrolled } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import type { RequestContext } from '../http/request-context.ts';
import { Problem } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { breakOf } from '../targets/answer-outcome.ts';
import { costOf } from '../targets/cost-of.ts';
import { setAnswerHeaders, setParameters } from './answer-headers.ts';
import { countAnswer } from './count-answer.ts';
import type { DataPlane } from './data-plane.ts';
import type { HttpTarget } from './proxy-transport.ts';
import { recordExposures } from './record-exposures.ts';
import { type Called, recordInvocation } from './record-invocation.ts';
import { parametersOf } from './side-assignments.ts';

/** What a host that is down says through what stands before it. Its own 500 may be the fault of one request. */
const TARGET_AWAY = new Set([502, 503, 504]);

/** One proxied request on its way. */
export interface Passage {
  readonly context: RequestContext;
  readonly response: Response;
  readonly endpoint: CompiledEndpoint;
  readonly assignment: Assignment;
  /** What it takes part in beside the experiment that chose the target. */
  readonly beside: readonly Enrolled[];
  readonly assigned: Target;
  readonly target: HttpTarget;
  /** Of the call, where traces are kept. */
  readonly span: TracedSpan | null;
  /** `performance.now()` when the target was chosen. */
  readonly calledMs: number;
  /** Runs until the target's headers are there. */
  readonly timer: NodeJS.Timeout;
  /** Hands a problem to Express, where it becomes the answer. */
  readonly next: NextFunction;
  upstream: ClientRequest | null;
  outOfTime: boolean;
}

/** The target's headers are there: this is the moment of the exposure, before any byte goes to the client. */
export function begun(plane: DataPlane, passage: Passage, status: number): Promise<void> {
  clearTimeout(passage.timer);
  const { target, assigned, endpoint, assignment, context } = passage;
  const away = TARGET_AWAY.has(status);
  passage.span?.set({ 'http.response.status_code': status });
  if (status >= 400) passage.span?.fail(String(status));
  plane.targets.breakers.report(target.key, !away);
  plane.telemetry.attempts.inc({ target: target.key, outcome: away ? 'failed' : 'answered' });
  const cost = costOf(target, null);
  const error = status < 500 ? null : 'target-failed';
  const exposed = expose(plane, passage, { status, target, error, cost });
  invoked(plane, passage, {
    status,
    cost,
    outcome: away ? 'failed' : 'answered',
    error: status < 500 ? null : 'failed',
  });
  countAnswer(plane.telemetry, context, {
    endpoint: endpoint.endpoint.key,
    status,
    served: target,
    assigned,
  });
  setAnswerHeaders(passage.response, { endpoint: endpoint.endpoint, assignment, assigned, served: target });
  const enrolled = assignment.kind === 'enrolled' ? [assignment, ...passage.beside] : passage.beside;
  setParameters(passage.response, parametersOf(endpoint, enrolled));
  return exposed;
}

/** An error before the answer began becomes a problem; after that, the client must see that it has not all of it. */
export function giveUp(plane: DataPlane, passage: Passage, error: unknown): void {
  const { response } = passage;
  clearTimeout(passage.timer);
  if (response.writableEnded || passage.context.log['status'] === 101) return;
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
  const failure = passage.outOfTime ? 'timeout' : breakOf(error);
  const cost = costOf(target, failure);
  passage.span?.fail(failure);
  plane.telemetry.attempts.inc({ target: target.key, outcome: failure });
  void expose(plane, passage, { status: problem.status, target: null, error: code, cost });
  invoked(plane, passage, { status: null, outcome: 'failed', error: failure, cost });
  // The problem leaves in this very turn.
  plane.spool.commit();
  countAnswer(plane.telemetry, context, {
    endpoint: endpoint.endpoint.key,
    status: problem.status,
    served: null,
    assigned,
  });
  return problem;
}

function expose(
  plane: DataPlane,
  { context, endpoint, assignment, beside, assigned }: Passage,
  served: {
    readonly status: number;
    readonly target: Target | null;
    readonly error: string | null;
    readonly cost: number | null;
  },
): Promise<void> {
  if (assignment.kind === 'enrolled') {
    const { experiment, variant } = assignment;
    plane.telemetry.variantRequests.inc({ experiment, variant: variant.key, status: served.status });
  }
  return recordExposures(plane, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    beside,
    assigned,
    attempts: 1,
    ...served,
  });
}

function invoked(
  plane: DataPlane,
  { context, endpoint, assignment, assigned, target, calledMs }: Passage,
  ended: Pick<Called, 'status' | 'outcome' | 'error' | 'cost'>,
): void {
  recordInvocation(plane.spool, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    target,
    call: target.key === assigned.key ? 'primary' : 'fallback',
    latencyMs: performance.now() - calledMs,
    ...ended,
  });
}

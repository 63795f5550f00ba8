import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Assignment, Enrolled } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import type { RequestContext } from '../http/request-context.ts';
import { Problem, type ProblemCode } from '../problems.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { breakOf } from '../targets/answer-outcome.ts';
import type {
  AttemptEnd,
  AttemptFailed,
  AttemptFailure,
  AttemptRejected,
} from '../targets/attempt-outcome.ts';
import { costOf } from '../targets/cost-of.ts';
import { setAnswerHeaders, setParameters } from './answer-headers.ts';
import { countAnswer, countVariant } from './count-answer.ts';
import type { DataPlane } from './data-plane.ts';
import type { Decisions } from './decisions.ts';
import { recordExposures } from './record-exposures.ts';
import { recordInvocation } from './record-invocation.ts';
import type { Deadline } from './run-plan.ts';
import { parametersOf } from './side-assignments.ts';

/** What a host that is down says through what stands before it. Its own 500 may be the fault of one request. */
const TARGET_AWAY = new Set([502, 503, 504]);
/** Overload passes in seconds or not at all. */
const RETRY_AFTER_SECONDS = 1;

/** A target that can answer with a stream. */
export type StreamedTarget = Target & { readonly kind: 'http' | 'sagemaker' };

/** A target that may be asked, and why it is there; null for the assigned one. */
export interface Candidate {
  readonly target: StreamedTarget;
  readonly role: 'twin' | 'default-target' | null;
}

/** One call of a target. */
export interface PassageCall<Chosen extends StreamedTarget = StreamedTarget> {
  readonly target: Chosen;
  readonly as: 'primary' | 'fallback';
  readonly calledMs: number;
  /** Of the call, where traces are kept. */
  readonly span: TracedSpan | null;
  /** Runs until the target's headers are there. */
  readonly timer: NodeJS.Timeout;
  /** Null while nothing has been sent; ends what is under way. */
  abort: ((reason: Error) => void) | null;
  outOfTime: boolean;
  /** The target's headers are there, or it has failed. */
  settled: boolean;
}

/** One proxied request on its way. */
export interface Passage {
  readonly request: IncomingMessage;
  /** As the client sent them. */
  readonly headers: IncomingHttpHeaders;
  /** Below the target's own path. */
  readonly path: string;
  /** The whole of it, where a signature covers it; null where it is passed on as it comes. */
  readonly body: Buffer | null;
  readonly context: RequestContext;
  readonly response: ServerResponse;
  readonly endpoint: CompiledEndpoint;
  readonly assignment: Assignment;
  /** What it takes part in beside the experiment that chose the target. */
  readonly beside: readonly Enrolled[];
  readonly assigned: Target;
  readonly deadline: Deadline;
  readonly decisions: Decisions;
  /** Whether the client asked to be told of them. */
  readonly tellDecisions: boolean;
  /** Whom to ask next, in order. */
  readonly candidates: Candidate[];
  /** Those whose breakers are open: asked when there is nobody else. */
  readonly rested: Candidate[];
  /** Hands over a problem, which becomes the answer. */
  readonly next: (problem: unknown) => void;
  /** The one under way, or the last. */
  call: PassageCall | null;
  calls: number;
  /** Why the latest candidate came to nothing. */
  failure: AttemptFailure | null;
}

/** The target's headers are there: this is the moment of the exposure, before any byte goes to the client. */
export function begun(plane: DataPlane, passage: Passage, call: PassageCall, status: number): Promise<void> {
  const { assigned, endpoint, assignment, context, response } = passage;
  const { target, span } = call;
  const away = TARGET_AWAY.has(status);
  span?.set({ 'http.response.status_code': status });
  if (status >= 400) span?.fail(String(status));
  if (span !== null) response.once('close', () => span.end());
  const failure = status === 503 ? 'overloaded' : 'failed';
  settle(plane, passage, call, { end: away ? { kind: 'failed', failure } : { kind: 'answered' }, status });
  const cost = costOf(target, null);
  const error = status < 500 ? null : 'target-failed';
  const exposed = expose(plane, passage, { status, target, error, cost });
  const { key } = endpoint.endpoint;
  countAnswer(plane.telemetry, context, { endpoint: key, status, served: target, assigned });
  setAnswerHeaders(response, { endpoint: endpoint.endpoint, assignment, assigned, served: target });
  const enrolled = assignment.kind === 'enrolled' ? [assignment, ...passage.beside] : passage.beside;
  setParameters(response, parametersOf(endpoint, enrolled));
  tellDecisions(passage);
  return exposed;
}

/** The target was there and said why it gives no answer. */
export class Refused extends Error {
  readonly outcome: AttemptRejected | AttemptFailed;

  constructor(outcome: AttemptRejected | AttemptFailed) {
    super(outcome.message);
    this.outcome = outcome;
  }
}

/** What is to be done about a call that broke: nothing more, say so to the client, or ask the next target first. */
export type Break = 'over' | 'refuse' | 'ask-next';

/**
 * A call has come to nothing, or has broken off. Another target may be asked where nothing was sent. After the headers
 * the client must see that it has not all of the answer.
 */
export function broke(plane: DataPlane, passage: Passage, call: PassageCall, error: unknown): Break {
  const { response, context } = passage;
  if (call.settled) {
    const isCurrent = passage.call === call && context.log['status'] !== 101;
    if (isCurrent && !response.writableEnded) response.destroy();
    return 'over';
  }
  if (response.destroyed) {
    settle(plane, passage, call, { end: { kind: 'abandoned' }, status: null });
    call.span?.end();
    return 'over';
  }
  const failure = call.outOfTime ? 'timeout' : breakOf(error);
  const said = error instanceof Refused && !call.outOfTime ? error.outcome : null;
  const end = said ?? ({ kind: 'failed', failure } as const);
  passage.failure = end.kind === 'failed' ? end.failure : null;
  if (passage.failure !== null) passage.decisions.add('failed', call.target.key, passage.failure);
  call.span?.fail(passage.failure ?? end.kind);
  call.span?.end();
  settle(plane, passage, call, { end, status: said?.status ?? null });
  return call.abort === null && !call.outOfTime ? 'ask-next' : 'refuse';
}

/** No target answered: the client gets a problem, and the exposure says so. */
export function refuse(plane: DataPlane, passage: Passage, cause: unknown): void {
  const { endpoint, context, assigned, failure, call } = passage;
  const { key } = endpoint.endpoint;
  const { code, detail } = refusalOf(passage, cause);
  const problem = new Problem(code, `${detail} (endpoint "${key}")`, {
    cause,
    ...(code === 'overloaded' ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {}),
  });
  const { status } = problem;
  const cost = call === null ? null : costOf(call.target, failure);
  void expose(plane, passage, { status, target: null, error: code, cost });
  // The problem leaves in this very turn.
  plane.spool.commit();
  countAnswer(plane.telemetry, context, { endpoint: key, status, served: null, assigned });
  tellDecisions(passage);
  passage.next(problem);
}

function refusalOf({ endpoint, failure }: Passage, cause: unknown): Refusal {
  const known = REFUSALS[failure ?? 'unreachable'] ?? UNREACHABLE;
  if (!(cause instanceof Refused) || failure === 'timeout') return known;
  const { blinded } = endpoint.endpoint;
  const code =
    failure === null ? 'request-rejected' : failure === 'overloaded' ? 'overloaded' : 'target-failed';
  return { code, detail: blinded ? `the target refused (${failure ?? 'request'})` : cause.message };
}

interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
}
const UNREACHABLE: Refusal = { code: 'target-failed', detail: 'the target could not be reached' };
const REFUSALS: Partial<Record<AttemptFailure, Refusal>> = {
  timeout: { code: 'deadline-exceeded', detail: 'the target gave no answer before the deadline' },
  shed: { code: 'overloaded', detail: 'the targets have as much to do as they can' },
};

function tellDecisions({ response, endpoint, decisions, tellDecisions: asked }: Passage): void {
  if (asked && !endpoint.endpoint.blinded) response.setHeader('x-switchyard-decisions', String(decisions));
}

/** Gives the call's place back and records it. */
function settle(
  plane: DataPlane,
  { context, endpoint, assignment }: Passage,
  call: PassageCall,
  { end, status }: { readonly end: AttemptEnd; readonly status: number | null },
): void {
  clearTimeout(call.timer);
  call.settled = true;
  const { target, as, span } = call;
  const latencyMs = performance.now() - call.calledMs;
  plane.targets.settle(target, end, { latencyMs, span });
  const failure = end.kind === 'failed' ? end.failure : null;
  recordInvocation(plane.spool, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    target,
    call: as,
    latencyMs,
    outcome: end.kind,
    status,
    error: failure ?? (status !== null && status >= 500 ? 'failed' : null),
    cost: costOf(target, status === null ? failure : null),
  });
}

function expose(
  plane: DataPlane,
  { context, endpoint, assignment, beside, assigned, calls }: Passage,
  served: {
    readonly status: number;
    readonly target: Target | null;
    readonly error: string | null;
    readonly cost: number | null;
  },
): Promise<void> {
  countVariant(plane.telemetry, context, { assignment, status: served.status });
  return recordExposures(plane, context, {
    endpoint: endpoint.endpoint.key,
    assignment,
    beside,
    assigned,
    attempts: calls,
    ...served,
  });
}

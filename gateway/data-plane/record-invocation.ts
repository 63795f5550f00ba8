import { randomUUIDv7 } from 'node:crypto';
import type { Assignment } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { Invocation, InvocationCall, ShadowDifference } from '../pipeline/invocation.ts';
import type { Spool } from '../pipeline/spool.ts';

/** One call of one target, as the data plane saw it. */
export interface Called {
  readonly endpoint: string;
  readonly assignment: Assignment;
  readonly target: Target;
  readonly call: InvocationCall;
  readonly outcome: Invocation['outcome'];
  readonly status: number | null;
  readonly error: string | null;
  readonly latencyMs: number;
  /** By the target's declared price; null where none is declared. */
  readonly cost: number | null;
  /** How a shadow's answer compares with the client's. */
  readonly shadow?: ShadowDifference;
}

const NO_SHADOW: ShadowDifference = { distance: null, overlap: null, difference: null, sample: null };

/** Appends the call to the spool. Nothing waits for it: it is in the file with the request's exposure, or counted as dropped. */
export function recordInvocation(spool: Spool, context: RequestContext, called: Called): void {
  const { assignment, target, latencyMs, shadow, ...rest } = called;
  // A tester's call says something of the target, and nothing of the variant.
  const enrolled = assignment.reason === 'enrolled' ? assignment : null;
  void spool.append('invocations', {
    id: randomUUIDv7(),
    at: Date.now() - Math.round(latencyMs),
    tenant: context.tenant?.key ?? '',
    requestId: context.requestId,
    experiment: enrolled?.experiment ?? null,
    variant: enrolled?.variant.key ?? null,
    target: target.key,
    model: target.model ?? null,
    version: target.version ?? null,
    cloud: target.cloud,
    region: target.region,
    latencyMs: Math.round(latencyMs * 1_000) / 1_000,
    ...rest,
    ...(shadow ?? NO_SHADOW),
  });
}

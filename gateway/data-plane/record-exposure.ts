import type { Enrolled } from '../../experiments/assignment.ts';
import type { Exposure } from '../../experiments/exposure.ts';
import type { Target } from '../../models/catalogue/target.ts';
import type { GuardrailCounters } from '../guardrails/guardrail-counters.ts';
import { elapsedMs, type RequestContext } from '../http/request-context.ts';
import { pseudonym } from '../pipeline/pseudonym.ts';
import type { Spool } from '../pipeline/spool.ts';
import type { Sticky } from '../sticky/sticky.ts';

/** What was done with an assignment. */
export interface Served {
  readonly endpoint: string;
  readonly assignment: Enrolled;
  readonly assigned: Target;
  /** Null when no target answered. */
  readonly target: Target | null;
  readonly attempts: number;
  /** Of all attempts, by their targets' declared prices; null where none declares one. */
  readonly cost: number | null;
  readonly status: number;
  readonly error: string | null;
  /** Of an assignment beside the one that chose the target; the request's unless given. */
  readonly id?: string;
}

/** Where exposures go: to the spool, and into what guardrails watch; and where first assignments are kept. */
export interface ExposureRecorder {
  readonly spool: Spool;
  readonly counters: GuardrailCounters;
  readonly sticky: Sticky;
}

/** Whether it says nothing of an experiment: a tester's override, and anything else of a request with an override token. */
export function isTest({ knowledge }: RequestContext, { reason }: Enrolled): boolean {
  return reason === 'override' || knowledge.overrides !== undefined;
}

/**
 * Appends the exposure to the spool; the answer waits for it. The exposure's id is the request's, as one
 * experiment at most chooses its target; what it takes part in beside has ids of its own. It cannot fail the request; what could not be written is counted there.
 * A test is no exposure.
 */
export async function recordExposure(
  { spool, counters, sticky }: ExposureRecorder,
  context: RequestContext,
  served: Served,
): Promise<void> {
  const { assignment, assigned, target } = served;
  if (isTest(context, assignment)) return;
  const tenant = context.tenant?.key ?? '';
  const unitKey = context.configuration?.unitKeys.get(tenant);
  if (unitKey === undefined) throw new Error(`tenant "${tenant}" has no pseudonymisation key`);
  const exposure: Exposure = {
    id: served.id ?? context.requestId,
    at: context.arrivedAt,
    tenant,
    endpoint: served.endpoint,
    experiment: assignment.experiment,
    revision: assignment.revision,
    variant: assignment.variant.key,
    unit: pseudonym(unitKey, assignment.unitId),
    propensityBp: assignment.propensityBp,
    requestId: context.requestId,
    assignedTarget: assigned.key,
    servedTarget: target?.key ?? null,
    model: target?.model ?? null,
    version: target?.version ?? null,
    cloud: target?.cloud ?? null,
    region: target?.region ?? null,
    fallback: target !== null && target.key !== assigned.key,
    attempts: served.attempts,
    status: served.status,
    error: served.error,
    latencyMs: Math.round(elapsedMs(context) * 1_000) / 1_000,
    cost: served.cost,
    reported: false,
    dimensions: context.dimensions,
  };
  const { keep, variant, revision, propensityBp } = assignment;
  if (keep !== null) sticky.keep(context, keep, { variant: variant.key, revision, propensityBp });
  counters.observe(exposure);
  await spool.append('exposures', exposure);
}

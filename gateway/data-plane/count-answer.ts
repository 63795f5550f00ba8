import type { Assignment } from '../../experiments/assignment.ts';
import type { Target } from '../../models/catalogue/target.ts';
import { exemplarOf } from '../../models/tracing/exemplar-of.ts';
import { elapsedMs, type RequestContext } from '../http/request-context.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import { isTest } from './record-exposure.ts';

/** Counts one answer of the data plane. */
export function countAnswer(
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
  telemetry.requestSeconds.observe({
    labels: { endpoint },
    value: elapsedMs(context) / 1_000,
    exemplarLabels: exemplarOf(context.span),
  });
  if (served !== null && served.key !== assigned.key)
    telemetry.fallbacks.inc({ endpoint, target: served.key });
}

/** Counts an answer for the variant that its unit was assigned; a test counts for none. */
export function countVariant(
  { variantRequests }: Telemetry,
  context: RequestContext,
  { assignment, status }: { readonly assignment: Assignment; readonly status: number },
): void {
  if (assignment.kind !== 'enrolled' || isTest(context, assignment)) return;
  const { experiment, variant } = assignment;
  variantRequests.inc({ experiment, variant: variant.key, status });
}

import type { Target } from '../../models/catalogue/target.ts';
import { exemplarOf } from '../../models/tracing/exemplar-of.ts';
import { elapsedMs, type RequestContext } from '../http/request-context.ts';
import type { Telemetry } from '../telemetry/metrics.ts';

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

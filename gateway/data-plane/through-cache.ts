import type { Target } from '../../models/catalogue/target.ts';
import { canonicalDigest } from '../../models/codecs/canonical-request.ts';
import type { InferBody } from '../../models/codecs/infer-body.ts';
import { decodeInferRequest, type InferRequest } from '../../models/codecs/open-inference.ts';
import { withResponseId } from '../../models/codecs/write-open-inference.ts';
import { nestedKey } from '../catalogue/resources.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { CompiledEndpoint } from '../snapshot/snapshot.ts';
import { Cancellation } from '../targets/cancellation.ts';
import type { CacheOutcome, ResponseCache } from './response-cache.ts';
import type { Deadline, PlanResult } from './run-plan.ts';

/** A request on its way to its targets. */
export interface CacheableInference {
  readonly context: RequestContext;
  readonly endpoint: CompiledEndpoint;
  readonly assigned: Target;
  readonly body: InferBody;
  readonly deadline: Deadline;
  readonly clientGone: Cancellation;
}

/**
 * What the plan comes to, from the cache where the endpoint has one and the request's answer can be known. The key
 * is the tenant, the digest of the model's bytes and the canonical request: nobody can tell what others asked.
 */
export async function throughCache(
  cache: ResponseCache<PlanResult>,
  inference: CacheableInference,
  ask: (cancellation: Cancellation) => Promise<PlanResult>,
): Promise<{ readonly result: PlanResult; readonly cached: CacheOutcome | null }> {
  const { endpoint, clientGone, assigned, deadline } = inference;
  const settings = endpoint.endpoint.cache;
  const request = settings === undefined ? null : decodeInferRequest(inference.body);
  const key = request?.ok ? keyOf(inference, request.value) : null;
  if (settings === undefined || !request?.ok || key === null)
    return { result: await ask(clientGone), cached: null };
  const { id } = request.value;
  const { answer, outcome } = await cache.answer({
    endpoint: endpoint.endpoint.key,
    key,
    ttlMs: settings.ttlSeconds * 1_000,
    signal: clientGone.signal(),
    leftMs: deadline.atMs - performance.now(),
    ask: (signal) => ask(Cancellation.from(signal)),
    keep: (result) => answerToKeep(result, assigned, id !== undefined),
    fromKept: (kept) => ({
      served: assigned,
      last: { kind: 'answered', body: id === undefined ? kept : withResponseId(kept, id) },
      attempts: 0,
      cost: assigned.pricePerRequest === undefined ? null : 0,
      outOfTime: false,
    }),
  });
  return { result: answer, cached: outcome };
}

function keyOf({ context, assigned }: CacheableInference, request: InferRequest): string | null {
  const { model, version } = assigned;
  if (model === undefined || version === undefined) return null;
  const registered = context.configuration?.snapshot.versions.get(nestedKey(model, version));
  const digest = canonicalDigest(request);
  if (registered === undefined || digest === null) return null;
  return `${context.tenant?.key}/${registered.sha256}/${digest}`;
}

/** Only what the assigned version answered: a fallback's answer is another model's. */
function answerToKeep({ served, last }: PlanResult, assigned: Target, hasId: boolean): InferBody | null {
  if (last.kind !== 'answered' || served === null) return null;
  if (served.model !== assigned.model || served.version !== assigned.version) return null;
  return hasId ? withResponseId(last.body, undefined) : last.body;
}

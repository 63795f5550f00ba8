import type { Target } from '../../models/catalogue/target.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import type { InvocationCall } from '../pipeline/invocation.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import type { InferenceCall } from './inference-call.ts';
import { remoteModel, sageMakerStreamUrl } from './remote-model.ts';
import { statusOf } from './status-of.ts';

/**
 * The span of one attempt on a target, named and described as the semantic conventions have HTTP clients
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), where there is a network between.
 */
export function attemptSpan(
  parent: TracedSpan,
  target: Target,
  { call, method = 'POST', streamed = false }: AttemptKind,
): TracedSpan {
  const asked = {
    'switchyard.target': target.key,
    'switchyard.attempt': call,
    'cloud.provider': target.cloud,
    'cloud.region': target.region,
  };
  if (target.kind === 'onnx') {
    return parent.child(`infer ${target.model}`, {
      attributes: { ...asked, 'switchyard.model': target.model, 'switchyard.version': target.version },
    });
  }
  const url = urlOf(target, streamed);
  return parent.child(`${method} ${url.pathname}`, {
    kind: 'client',
    attributes: {
      ...asked,
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      'url.full': `${url.origin}${url.pathname}`,
      ...(call === 'retry' ? { 'http.request.resend_count': 1 } : {}),
    },
  });
}

interface AttemptKind {
  readonly call: InvocationCall;
  readonly method?: string;
  /** The answer is a stream. */
  readonly streamed?: boolean;
}

function urlOf(target: Exclude<Target, { readonly kind: 'onnx' }>, streamed: boolean): URL {
  if (target.kind === 'http') return new URL(target.url);
  if (target.kind === 'sagemaker' && streamed) return sageMakerStreamUrl(target);
  const { origin, path } = remoteModel(target);
  return new URL(path, origin);
}

/** Ends the span of an attempt with what came of it. */
function endAttempt(span: TracedSpan, target: Target, outcome: AttemptOutcome): void {
  const status = statusOf(target, outcome);
  if (status !== null) span.set({ 'http.response.status_code': status });
  if (outcome.kind === 'failed') span.fail(outcome.failure);
  else if (outcome.kind !== 'answered') span.fail(outcome.kind);
  span.end();
}

/** Makes one call of a target under a span of its own, which the target is told of; where no traces are kept, the call as it is. */
export function tracedCall(
  call: InferenceCall,
  target: Target,
  {
    as,
    ask,
  }: { readonly as: InvocationCall; readonly ask: (call: InferenceCall) => Promise<AttemptOutcome> },
): Promise<AttemptOutcome> {
  if (call.span === null) return ask(call);
  const span = attemptSpan(call.span, target, { call: as });
  return ask({ ...call, ...span.context, span }).then((outcome) => {
    endAttempt(span, target, outcome);
    return outcome;
  });
}

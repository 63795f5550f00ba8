import type { InferBody } from '../../models/codecs/infer-body.ts';
import type { TracedSpan } from '../../models/tracing/traced-span.ts';
import type { Cancellation } from './cancellation.ts';

/** What is to be asked, for any target of the plan. */
export interface InferenceCall {
  readonly body: InferBody;
  readonly requestId: string;
  /** W3C trace context: as it came, or of the attempt's own span. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** What the call is a part of, where traces are kept. */
  readonly span: TracedSpan | null;
  /** Cancelled when the client goes away. */
  readonly cancellation: Cancellation;
}

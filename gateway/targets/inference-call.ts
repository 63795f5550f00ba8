import type { InferBody } from '../../models/codecs/infer-body.ts';
import type { Cancellation } from './cancellation.ts';

/** What is to be asked, for any target of the plan. */
export interface InferenceCall {
  readonly body: InferBody;
  readonly requestId: string;
  /** W3C trace context, passed on as it came. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** Cancelled when the client goes away. */
  readonly cancellation: Cancellation;
}

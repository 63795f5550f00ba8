import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import type { TracedSpan } from './traced-span.ts';

/** Where the requests of a process leave their traces. */
export interface Tracing {
  /** The span of a request that has arrived, under the span that its `traceparent` names. */
  begin(
    headers: IncomingHttpHeaders,
    options: { readonly name: string; readonly attributes: Attributes },
  ): TracedSpan;
  /** Sends what is left, and waits for it no longer than the exporter's own time limit. */
  close(): Promise<void>;
}

/** What becomes of finished spans. */
type SpanFate = 'exported' | 'failed' | 'dropped';

export interface TracingEvents {
  onSpans(count: number, fate: SpanFate): void;
  /** The collector did not take a batch. */
  onExportError(error: Error | undefined): void;
}

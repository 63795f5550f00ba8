import type { Attributes, Span, Tracer } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';

/** W3C trace context, as headers have it (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string | null;
}

interface SpanOptions {
  /** Whose work it is: another process's, asked over the network, or this one's. */
  readonly kind?: 'client' | 'internal';
  readonly attributes?: Attributes;
  /** By `performance.now()`; now, unless given. */
  readonly startedMs?: number;
}

/** A part of a request's way, and what its own parts begin from. Times are those of `performance.now()`. */
export class TracedSpan {
  readonly #tracer: Tracer;
  readonly #span: Span;

  constructor(tracer: Tracer, span: Span) {
    this.#tracer = tracer;
    this.#span = span;
  }

  child(name: string, { kind, attributes, startedMs }: SpanOptions = {}): TracedSpan {
    const options = {
      kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
      ...(attributes === undefined ? {} : { attributes }),
      ...(startedMs === undefined ? {} : { startTime: startedMs }),
    };
    const parent = trace.setSpan(ROOT_CONTEXT, this.#span);
    return new TracedSpan(this.#tracer, this.#tracer.startSpan(name, options, parent));
  }

  /** What names this span to whoever is asked next, traced or not. */
  get context(): TraceContext {
    const { traceId, spanId, traceFlags, traceState } = this.#span.spanContext();
    const flags = traceFlags.toString(16).padStart(2, '0');
    return {
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      tracestate: traceState?.serialize() ?? null,
    };
  }

  /** The trace's id where it is recorded, null where it is not. */
  get recordedTraceId(): string | null {
    const { traceId, traceFlags } = this.#span.spanContext();
    return (traceFlags & TraceFlags.SAMPLED) === 0 ? null : traceId;
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  event(name: string, attributes: Attributes): void {
    this.#span.addEvent(name, attributes);
  }

  /** It came to nothing: `type` is the low-cardinality reason that the semantic conventions ask for. */
  fail(type: string): void {
    this.#span.setAttribute('error.type', type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(endedMs?: number): void {
    this.#span.end(endedMs);
  }
}

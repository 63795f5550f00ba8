import type { TracedSpan } from './traced-span.ts';

const NONE = Object.freeze({});

/** Labels of an exemplar: the trace in which one measurement can be looked up, if it is recorded. */
export function exemplarOf(span: TracedSpan | null): Readonly<Record<string, string>> {
  const traceId = span?.recordedTraceId ?? null;
  return traceId === null ? NONE : { trace_id: traceId };
}

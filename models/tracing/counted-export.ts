import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { TracingEvents } from './tracing.ts';

/** Finished spans that wait for the collector; what comes beyond is dropped. The SDK's own default. */
const MAX_WAITING = 2_048;

interface CountedExportOptions {
  readonly exporter: SpanExporter;
  readonly scheduleDelayMs: number;
  readonly events: TracingEvents;
}

/** The SDK's batches, with a count of what became of every span: a collector that is away costs traces, nothing else. */
export function countedExport({ exporter, scheduleDelayMs, events }: CountedExportOptions): SpanProcessor {
  let waiting = 0;
  const counted: SpanExporter = {
    export(spans, callback) {
      waiting -= spans.length;
      exporter.export(spans, (result: ExportResult) => {
        const exported = result.code === ExportResultCode.SUCCESS;
        events.onSpans(spans.length, exported ? 'exported' : 'failed');
        if (!exported) events.onExportError(result.error);
        callback(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor(counted, {
    maxQueueSize: MAX_WAITING,
    scheduledDelayMillis: scheduleDelayMs,
  });
  return {
    onStart: (span, parent) => batches.onStart(span, parent),
    onEnd(span: ReadableSpan) {
      if (waiting >= MAX_WAITING) return events.onSpans(1, 'dropped');
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}

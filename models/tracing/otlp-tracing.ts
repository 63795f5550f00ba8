import type { IncomingHttpHeaders } from 'node:http';
import {
  type Attributes,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { parseKeyPairsIntoRecord, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { countedExport } from './counted-export.ts';
import { TracedSpan } from './traced-span.ts';
import type { Tracing, TracingEvents } from './tracing.ts';
import type { TracingSettings } from './tracing-settings.ts';

/**
 * Traces to a collector, in the background. Spans name their parents themselves: no context follows the event loop
 * around, which would cost every request, traced or not.
 */
export class OtlpTracing implements Tracing {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(settings: TracingSettings, events: TracingEvents) {
    const { url, headers, serviceName, resourceAttributes, scheduleDelayMs } = settings;
    const exporter = new OTLPTraceExporter({ url, headers: parseKeyPairsIntoRecord(headers) });
    this.#provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(resourceFromAttributes(parseKeyPairsIntoRecord(resourceAttributes)))
        .merge(resourceFromAttributes({ 'service.name': serviceName })),
      sampler: samplerOf(settings),
      spanProcessors: [countedExport({ exporter, scheduleDelayMs, events })],
    });
    this.#tracer = this.#provider.getTracer('switchyard');
  }

  begin(
    headers: IncomingHttpHeaders,
    { name, attributes }: { name: string; attributes: Attributes },
  ): TracedSpan {
    const caller = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    return new TracedSpan(
      this.#tracer,
      this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, caller),
    );
  }

  async close(): Promise<void> {
    // What the collector did not take has been counted already.
    await this.#provider.shutdown().catch(() => undefined);
  }
}

function samplerOf({ sampler, samplerRatio }: TracingSettings): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(samplerRatio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplerRatio) });
  }
}

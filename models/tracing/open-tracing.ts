import type { Tracing, TracingEvents } from './tracing.ts';
import type { TracingSettings } from './tracing-settings.ts';

/** Null where no collector is named: none of its SDK is loaded then. */
export async function openTracing(
  settings: TracingSettings | null,
  events: TracingEvents,
): Promise<Tracing | null> {
  if (settings === null) return null;
  const { OtlpTracing } = await import('./otlp-tracing.ts');
  return new OtlpTracing(settings, events);
}

import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { TracingEvents } from './tracing.ts';

/** Counts what becomes of spans, and logs what keeps the collector from taking them: no request ever hears of it. */
export function countSpans(registry: Registry, log: Logger): TracingEvents {
  const spans = new Counter({
    name: 'switchyard_trace_spans_total',
    help: 'Finished spans, by whether the collector took them, refused them, or was too slow for all of them',
    labelNames: ['fate'],
    registers: [registry],
  });
  return {
    onSpans: (count, fate) => spans.inc({ fate }, count),
    onExportError: (error) => log.warn({ err: error }, 'the collector did not take a batch of spans'),
  };
}

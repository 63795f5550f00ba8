import type { TracedSpan } from '../tracing/traced-span.ts';
import type { OwnRun } from './pool-infer-request.ts';

/** Records an inference's wait for a thread and the run that it was part of, once both are over. */
export function traceRun(
  parent: TracedSpan,
  { queuedAtMs, startedAtMs, endedAtMs, requests, inline }: OwnRun,
): void {
  if (!inline) parent.child('queue', { startedMs: queuedAtMs }).end(startedAtMs);
  const attributes = { 'switchyard.batch.requests': requests, 'switchyard.inline': inline };
  parent.child('run', { startedMs: startedAtMs, attributes }).end(endedAtMs);
}

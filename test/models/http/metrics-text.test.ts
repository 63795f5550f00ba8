import { Counter, Gauge, Histogram } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { mergeFamilies, metricsText, registryWithExemplars } from '../../../models/http/metrics-text.ts';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5';

/** What one process has measured: a request of each given duration, in the trace of that name. */
async function measured(requests: Readonly<Record<string, number>>) {
  const registry = registryWithExemplars();
  const registers = [registry];
  const count = new Counter({ name: 'requests_total', help: 'Requests', labelNames: ['path'], registers });
  new Gauge({ name: 'fresh', help: 'Fresh', aggregator: 'min', registers }).set(Object.keys(requests).length);
  const seconds = new Histogram({
    name: 'seconds',
    help: 'Seconds',
    buckets: [1, 10],
    enableExemplars: true,
    registers,
  });
  for (const [trace, value] of Object.entries(requests)) {
    count.inc({ path: '/' });
    seconds.observe({ labels: {}, value, exemplarLabels: { trace_id: trace } });
  }
  return registry.getMetricsAsJSON();
}

describe('the text of metrics', () => {
  it('is what Prometheus has always read, unless OpenMetrics is asked for', async () => {
    const families = await measured({ a: 0.5 });
    for (let scrape = 0; scrape < 2; scrape++) {
      const open = await metricsText(families, OPEN_METRICS);
      expect(open.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
      expect(open.text).toMatch(/^seconds_bucket\{le="1"\} 1 # \{trace_id="a"\} 0.5 [\d.]+$/m);
      expect(open.text).toMatch(/^# TYPE requests counter\nrequests_total\{path="\/"\} 1$/m);
      const plain = await metricsText(families, undefined);
      expect(plain.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(plain.text).toMatch(/^seconds_bucket\{le="1"\} 1$/m);
      expect(plain.text).toMatch(/^# TYPE requests_total counter\nrequests_total\{path="\/"\} 1$/m);
    }
  });

  it('adds up what several processes have measured, with the newest exemplar of each bucket', async () => {
    vi.useFakeTimers({ now: 1_000, toFake: ['Date'] });
    try {
      const early = await measured({ old: 0.5, slow: 5 });
      vi.setSystemTime(2_000);
      const late = await measured({ new: 0.25 });
      const { text } = await metricsText(await mergeFamilies([late, early]), OPEN_METRICS);
      expect(text).toMatch(/^seconds_bucket\{le="1"\} 2 # \{trace_id="new"\} 0.25 2$/m);
      expect(text).toMatch(/^seconds_bucket\{le="10"\} 3 # \{trace_id="slow"\} 5 1$/m);
      expect(text).toMatch(/^requests_total\{path="\/"\} 3$/m);
      expect(text).toMatch(/^fresh 1$/m);
    } finally {
      vi.useRealTimers();
    }
  });
});

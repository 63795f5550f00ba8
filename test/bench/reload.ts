import { type BenchResult, median } from './bench-result.ts';
import { start } from './proxy.ts';

const CLIENTS = 8;
/** Time between two requests of a client: load, not saturation, which alone would decide the tail. */
const PAUSE_MS = 10;
const QUIET_MS = 4_000;
const ROUNDS = 3;

/**
 * A runner on one thread answers steady load while a model of 50 MB comes, with its download, canary, load and
 * warm-up, and goes. The 99th percentile of the requests meanwhile, beside that of the quiet before.
 */
export async function benchReload(): Promise<BenchResult> {
  const runner = await start('reload-runner');
  try {
    const quiet: number[] = [];
    const loading: number[] = [];
    await latencies(runner.url, QUIET_MS);
    for (let round = 0; round < ROUNDS; round += 1) {
      quiet.push(p99(await latencies(runner.url, QUIET_MS)));
      runner.child.send('publish');
      loading.push(p99(await latencies(runner.url, QUIET_MS)));
      runner.child.send('withdraw');
      await latencies(runner.url, 1_500);
    }
    return {
      name: `a 50 MB model is loaded under load, ${CLIENTS} clients`,
      unit: 'ms, 99th percentile',
      rows: [
        { subject: 'quiet', median: median(quiet) },
        { subject: 'while it is loaded', median: median(loading) },
      ],
      ratios: [{ label: '2 × quiet / loading', value: (2 * median(quiet)) / median(loading), budget: 1 }],
    };
  } finally {
    runner.child.disconnect();
  }
}

/** Latencies of every request in this time, ms. */
async function latencies(url: string, durationMs: number): Promise<number[]> {
  const taken: number[] = [];
  const until = performance.now() + durationMs;
  const client = async () => {
    while (performance.now() < until) {
      const start = performance.now();
      const response = await fetch(`${url}/v2/models/served/infer`, { method: 'POST', body: BODY });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`a request was answered ${response.status}`);
      taken.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return taken;
}

const BODY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }],
});

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

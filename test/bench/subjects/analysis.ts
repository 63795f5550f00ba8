/** Brings its digest up to a lake and looks at it, as a gateway does, once per line that it is sent. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { experimentSchema } from '../../../experiments/experiment.ts';
import { metricSchema } from '../../../experiments/metric.ts';
import { LakeDigest } from '../../../gateway/analysis/digest/lake-digest.ts';
import { experimentResults } from '../../../gateway/analysis/experiment-results.ts';
import { LakeReader } from '../../../gateway/pipeline/lake-reader.ts';
import { FileStore } from '../../../models/artifacts/file-store.ts';

const [root = ''] = process.argv.slice(2);
const experiment = experimentSchema.parse({
  key: 'ranker-v2',
  endpoint: 'movie-ranking',
  unit: 'user',
  variants: [
    { key: 'control', weight: 5_000, target: 'a' },
    { key: 'treatment', weight: 5_000, target: 'b' },
  ],
  metrics: { primary: 'top-rating', secondary: ['mean-rating', 'spend'], guardrails: [] },
});
const metrics = [
  metricSchema.parse({ key: 'top-rating', event: 'rated', kind: 'proportion', threshold: 8 }),
  metricSchema.parse({ key: 'mean-rating', event: 'rated', kind: 'mean' }),
  metricSchema.parse({ key: 'spend', event: 'bought', kind: 'mean', missing: 'zero' }),
];
const reader = await LakeReader.open({
  lake: new FileStore(join(root, 'lake')),
  cacheDirectory: join(root, 'cache'),
});
const digest = new LakeDigest([reader], join(root, 'digest.duckdb'));

/** Runs it and says how long it took, in seconds of this clock and of CPU. */
async function timed<Result>(work: () => Promise<Result>) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { result, seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6 };
}

for await (const _line of createInterface({ input: process.stdin })) {
  const reading = await timed(() => digest.withCurrent(async (_connection, { filesRead }) => filesRead));
  const request = { experiment, revision: 1, metrics, digest, asOfMs: Date.now() };
  const look = await timed(() => experimentResults(request));
  const answer = {
    readSeconds: reading.seconds,
    readCpuSeconds: reading.cpuSeconds,
    filesRead: reading.result,
    lookSeconds: look.seconds,
    lookCpuSeconds: look.cpuSeconds,
    exposures: look.result.exposures.total,
    peakMb: process.resourceUsage().maxRSS / 1_024,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
reader.close();

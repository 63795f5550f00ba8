/** Analyses a lake as a gateway does, once per line that it is sent, and says what each took. */
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
const digest = new LakeDigest(reader, join(root, 'digest.duckdb'));

for await (const _line of createInterface({ input: process.stdin })) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const { exposures, input } = await experimentResults({
    experiment,
    revision: 1,
    metrics,
    digest,
    asOfMs: Date.now(),
  });
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(
    `${JSON.stringify({
      seconds: (performance.now() - start) / 1_000,
      cpuSeconds: (user + system) / 1e6,
      peakMb: process.resourceUsage().maxRSS / 1_024,
      exposures: exposures.total,
      filesRead: input.filesRead,
    })}\n`,
  );
}
reader.close();

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recentTraffic } from '../../../gateway/analysis/recent-traffic.ts';
import { FileStore } from '../../../models/artifacts/file-store.ts';
import { type Delivery, deliver, openReader } from '../../support/pipeline.ts';
import { exposure, invocation } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 6);

async function trafficOf(delivery: Delivery) {
  const lake = new FileStore(join(await temporaryDirectory(), 'lake'));
  await deliver(lake, [delivery]);
  return recentTraffic(await openReader({ lake }), { fromMs: NOW - 24 * HOUR_MS, asOfMs: NOW });
}

it('counts exposures by experiment and hour, calls by target, and how shadows differ', async () => {
  const shadow = (fields: Parameters<typeof invocation>[0]) =>
    invocation({ at: NOW - HOUR_MS, call: 'shadow', target: 'ranker-v3-gcp', ...fields });
  const traffic = await trafficOf({
    exposures: [
      exposure({ at: NOW - 30 * HOUR_MS }),
      exposure({ at: NOW - 23.5 * HOUR_MS }),
      exposure({ at: NOW - 60_000 }),
      exposure({ at: NOW - 30_000 }),
      exposure({ at: NOW - 30_000, experiment: 'pages' }),
    ],
    invocations: [
      invocation({ at: NOW - 30 * HOUR_MS }),
      invocation({ at: NOW - HOUR_MS, latencyMs: 10, cost: 0.25 }),
      invocation({ at: NOW - HOUR_MS, latencyMs: 20, cost: 0.25 }),
      invocation({ at: NOW - HOUR_MS, latencyMs: 900, outcome: 'failed', call: 'retry' }),
      invocation({ at: NOW - HOUR_MS, target: 'ranker-v2-gcp', cloud: 'gcp', outcome: 'failed' }),
      shadow({
        difference: 'none',
        distance: 0,
        overlap: 1,
        sample: 'client: 1\nshadow: 1',
        at: NOW - 1_000,
      }),
      shadow({ difference: 'values', distance: 0.5, overlap: 0.5, sample: 'client: 1\nshadow: 2' }),
      shadow({ difference: null, outcome: 'failed' }),
    ],
  });

  expect(traffic.experiments.map(({ experiment }) => experiment)).toEqual(['pages', 'ranker-v2']);
  expect(traffic.experiments[1]?.exposures).toEqual([1, ...Array(22).fill(0), 2]);
  expect(traffic.targets).toEqual([
    {
      target: 'ranker-v1-aws',
      cloud: 'aws',
      region: 'us-east-1',
      calls: 3,
      failed: 1,
      latencyMs: { p50: 15, p95: 19.5 },
      cost: 0.5,
    },
    {
      target: 'ranker-v2-gcp',
      cloud: 'gcp',
      region: 'us-east-1',
      calls: 1,
      failed: 1,
      latencyMs: null,
      cost: null,
    },
  ]);
  expect(traffic.shadows).toEqual([
    {
      endpoint: 'movie-ranking',
      target: 'ranker-v3-gcp',
      calls: 3,
      failed: 1,
      same: 1,
      different: 1,
      distance: 0.25,
      overlap: 0.75,
      p95Ms: 3.5,
      sample: 'client: 1\nshadow: 2',
    },
  ]);
});

it('has nothing to tell of an empty lake', async () => {
  expect(await trafficOf({})).toMatchObject({ experiments: [], targets: [], shadows: [] });
});

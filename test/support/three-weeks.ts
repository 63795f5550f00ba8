import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exposure, Outcome } from '../../experiments/exposure.ts';
import type { Invocation } from '../../gateway/pipeline/invocation.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { deliverTo } from './pipeline.ts';
import { exposure, invocation, outcome } from './records.ts';
import { seededRandom } from './seeded-random.ts';
import type { TestGateway } from './test-gateway.ts';

const DAY_MS = 86_400_000;
const DAYS = 21;
const UNITS_A_DAY = 120;
/** How often users of each variant click. */
const CLICKS = { control: 0.25, treatment: 0.34 } as const;

/**
 * An experiment `search-ranker` over an endpoint of its own, running, and three weeks of what came of it until now in
 * the gateway's lake: treatment clicks more, is slower in one cloud, and is stood in for now and then.
 */
export async function threeWeeks(gateway: TestGateway): Promise<void> {
  await gateway.register('/endpoints', {
    key: 'search',
    defaultTarget: 'ranker-v1-aws',
    dimensions: ['platform'],
  });
  await gateway.register('/metrics', { key: 'found', event: 'found', kind: 'proportion', name: 'Found it' });
  await gateway.register('/metrics', { key: 'spend', event: 'bought', kind: 'sum' });
  await gateway.register('/experiments', {
    key: 'search-ranker',
    name: 'Search by the new ranker',
    hypothesis: 'People find what they look for more often when results are ordered by the new ranker',
    endpoint: 'search',
    unit: 'user',
    variants: [
      { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
      { key: 'treatment', weight: 5_000, target: 'ranker-v2-gcp' },
    ],
    metrics: { primary: 'found', secondary: ['spend'] },
  });
  await gateway.register('/experiments/search-ranker/start', undefined);
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-history-'));
  await deliverTo(new FileStore(join(gateway.dataDir, 'lake')), join(scratch, 'spool'), [
    { ...recordsUntil(Date.now()), invocations: callsUntil(Date.now()) },
  ]);
  await rm(scratch, { recursive: true, force: true });
}

function recordsUntil(nowMs: number): { exposures: Exposure[]; outcomes: Outcome[] } {
  const random = seededRandom(17);
  const exposures: Exposure[] = [];
  const outcomes: Outcome[] = [];
  for (let index = 0; index < DAYS * UNITS_A_DAY; index += 1) {
    const at = nowMs - DAYS * DAY_MS + Math.floor((index / UNITS_A_DAY) * DAY_MS);
    const variant = random() < 0.5 ? 'control' : 'treatment';
    const treated = variant === 'treatment';
    const tenant = random() < 0.7 ? 'acme' : 'globex';
    const unit = `unit-${index}`;
    const fallback = treated && random() < 0.03;
    const cloud = treated && !fallback ? 'gcp' : 'aws';
    exposures.push(
      exposure({
        at,
        tenant,
        unit,
        variant,
        endpoint: 'search',
        experiment: 'search-ranker',
        assignedTarget: treated ? 'ranker-v2-gcp' : 'ranker-v1-aws',
        servedTarget: cloud === 'gcp' ? 'ranker-v2-gcp' : 'ranker-v1-aws',
        model: 'ranker',
        version: cloud === 'gcp' ? 'v2' : 'v1',
        cloud,
        region: cloud === 'gcp' ? 'europe-west3' : 'eu-central-1',
        fallback,
        latencyMs: 5 + 20 * random() ** 3 + (treated ? 2 : 0),
        dimensions: { platform: random() < 0.6 ? 'web' : 'mobile' },
      }),
    );
    const did = (event: string, value: number | null, daysLater = 0) => {
      const then = at + 60_000 + daysLater * DAY_MS;
      if (then > nowMs) return;
      outcomes.push(outcome({ at: then, receivedAt: then, tenant, unit, event, value }));
    };
    for (let day = 0; day < 4; day += 1) {
      if (random() < CLICKS[variant] / (1 + day)) did('found', null, day);
    }
    if (random() < 0.2) did('bought', Math.round(100 * random()));
  }
  return { exposures, outcomes };
}

/** Of the last hour: calls of both targets, one of which fails now and then, and copies to a shadow. */
function callsUntil(nowMs: number): Invocation[] {
  const random = seededRandom(3);
  return Array.from({ length: 240 }, (_, index) => {
    const at = nowMs - index * 12_000;
    const gcp = index % 2 === 0;
    const common = { at, endpoint: 'search', experiment: 'search-ranker', latencyMs: 4 + 20 * random() ** 2 };
    if (index % 8 === 0) {
      const same = random() < 0.8;
      return invocation({
        ...common,
        target: 'ranker-v2-aws',
        call: 'shadow',
        difference: same ? 'none' : 'values',
        distance: same ? 0 : 0.12,
        overlap: same ? 1 : 0.8,
        sample: same ? null : 'client: {"data":[0.61,0.44]}\nshadow: {"data":[0.58,0.47]}',
      });
    }
    return invocation({
      ...common,
      target: gcp ? 'ranker-v2-gcp' : 'ranker-v1-aws',
      cloud: gcp ? 'gcp' : 'aws',
      outcome: gcp && random() < 0.06 ? 'failed' : 'answered',
    });
  });
}

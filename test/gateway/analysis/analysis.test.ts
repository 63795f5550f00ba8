import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { experimentSchema } from '../../../experiments/experiment.ts';
import { newStatus } from '../../../experiments/experiment-status.ts';
import type { Metric } from '../../../experiments/metric.ts';
import { metricSchema } from '../../../experiments/metric.ts';
import { Analysis, type AnalysisOptions, type LookOptions } from '../../../gateway/analysis/analysis.ts';
import { FileStore } from '../../../models/artifacts/file-store.ts';
import { deliver } from '../../support/pipeline.ts';
import { exposure, outcome } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const MINUTE_MS = 60_000;
const T0 = Date.UTC(2026, 10, 20, 12);

const EXPERIMENT = experimentSchema.parse({
  key: 'ranker-v2',
  endpoint: 'movie-ranking',
  unit: 'user',
  variants: ['control', 'treatment'].map((key) => ({ key, weight: 5_000, target: key })),
  metrics: { primary: 'top' },
});
const top = (threshold: number): Metric =>
  metricSchema.parse({ key: 'top', event: 'rated', kind: 'proportion', threshold });

/** Where results are stored, in memory; nobody ever changed an experiment. */
function storeInMemory(): AnalysisOptions['store'] {
  const stored = new Map<string, { fingerprint: string; value: string }>();
  return {
    results: async (name) => stored.get(name) ?? null,
    putResults: async (name, results) => void stored.set(name, results),
    audit: async () => [],
  };
}

const REGISTERED = {
  experiment: EXPERIMENT,
  state: 'running',
  status: newStatus('ada'),
  revision: 1,
} as const;

/** Over a lake in a directory of its own; the definitions and the time are the test's to change. */
async function startAnalysis() {
  const root = await temporaryDirectory();
  const lake = new FileStore(join(root, 'lake'));
  const state = { now: T0 + 10 * MINUTE_MS, metrics: [top(8)] };
  const analysis = new Analysis({
    lakes: [lake],
    dataDir: root,
    store: storeInMemory(),
    metrics: () => state.metrics,
    halts: () => [],
    onDamaged: (object) => expect.fail(`${object} is damaged`),
    now: () => state.now,
  });
  onTestFinished(() => analysis.close());
  return { lake, state, analysis };
}

it('answers what is stored while nothing that goes in has changed, and reads only what is new', async () => {
  const { lake, state, analysis } = await startAnalysis();
  const look = async () => {
    const { asOf, input, metrics } = await analysis.results(REGISTERED, { detailed: false, methods: [] });
    const [control] = metrics.find(({ key }) => key === 'top')?.variants ?? [];
    return { asOf: Date.parse(asOf), read: input.filesRead, units: control?.n, mean: control?.mean };
  };
  await deliver(lake, [
    { exposures: [exposure({ unit: 'a', at: T0 }), exposure({ unit: 'b', at: T0 })] },
    { outcomes: [outcome({ unit: 'a', at: T0 + 1, receivedAt: T0 + 1, value: 7 })] },
  ]);
  const first = await look();
  state.now += MINUTE_MS;
  const again = await look();
  // Of before the first look, come in after it.
  await deliver(lake, [{ outcomes: [outcome({ unit: 'b', at: T0 + 2, receivedAt: T0 + 2, value: 9 })] }]);
  const late = await look();
  state.metrics = [top(7)];
  const redefined = await look();
  state.now += 60 * MINUTE_MS;
  const hourLater = await look();

  expect(first).toEqual({ asOf: T0 + 10 * MINUTE_MS, read: 2, units: 2, mean: 0 });
  expect(again).toEqual(first);
  expect(late).toEqual({ asOf: T0 + 11 * MINUTE_MS, read: 1, units: 2, mean: 0.5 });
  expect(redefined).toEqual({ asOf: T0 + 11 * MINUTE_MS, read: 0, units: 2, mean: 1 });
  expect(hourLater).toEqual({ ...redefined, asOf: T0 + 71 * MINUTE_MS });
});

it('stores no other results than those that nothing was asked for beside', async () => {
  const { lake, state, analysis } = await startAnalysis();
  await deliver(lake, [{ exposures: [exposure({ unit: 'a', at: T0 }), exposure({ unit: 'b', at: T0 })] }]);
  const asOf = async (beside: Partial<LookOptions>) => {
    const results = await analysis.results(REGISTERED, { detailed: false, methods: [], ...beside });
    return Date.parse(results.asOf);
  };
  const first = await asOf({});
  state.now += MINUTE_MS;

  expect(await asOf({ weighting: { control: 2_000, treatment: 8_000 } })).toBe(state.now);
  expect(await asOf({ methods: [{ kind: 'fixed-horizon' }] })).toBe(state.now);
  expect(await asOf({})).toBe(first);
  expect(await asOf({ weighting: null })).toBe(first);
});

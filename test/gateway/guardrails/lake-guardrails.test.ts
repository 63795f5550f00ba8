import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../../experiments/experiment.ts';
import { experimentStatusSchema } from '../../../experiments/experiment-status.ts';
import type { AuditEntry } from '../../../experiments/store/configuration-store.ts';
import { lakeBreaches } from '../../../gateway/guardrails/lake-breaches.ts';
import { haltBreached } from '../../../gateway/guardrails/lake-guardrails.ts';
import { createLogger } from '../../../gateway/telemetry/logger.ts';
import { metricResult } from '../../support/metric-results.ts';
import { rankingExperiment } from '../../support/ranking-endpoint.ts';

const share = (mean: number, n = 5_000) => ({ n, mean, variance: mean * (1 - mean) });
const complaints = (treatment: number, key = 'complaints') =>
  metricResult({
    key,
    role: 'guardrail',
    direction: 'decrease',
    moments: { control: share(0.1), treatment: share(treatment) },
  });

describe('the guardrails on the lake', () => {
  it('name the variants that are surely worse, on the bad side only, and by guardrails only', () => {
    const [breach, ...others] = lakeBreaches([complaints(0.2), complaints(0.05, 'refunds')]);
    expect(others).toEqual([]);
    expect(breach).toMatchObject({ variant: 'treatment', guardrail: 'complaints' });
    expect(breach?.reason).toMatch(
      /^complaints is 100\.0% higher in treatment than in control .* more than is tolerated \(always-valid p = /,
    );
    expect(lakeBreaches([{ ...complaints(0.2), role: 'secondary' }])).toEqual([]);
  });

  it('ask for more evidence the more of them there are: the level is that of all together', () => {
    const borderline = complaints(0.122);
    expect(lakeBreaches([borderline])).toHaveLength(1);
    const calm = Array.from({ length: 19 }, (_, index) => complaints(0.1, `calm-${index}`));
    expect(lakeBreaches([borderline, ...calm])).toEqual([]);
  });
});

describe('a halt that somebody has lifted', () => {
  const registered = {
    experiment: experimentSchema.parse(rankingExperiment()),
    state: 'running' as const,
    status: experimentStatusSchema.parse({ startedAt: '2026-11-01T00:00:00.000Z' }),
    revision: 3,
  };
  const lifted = (at: string, guardrail: string): AuditEntry => ({
    revision: 9,
    at,
    actor: { name: 'ada', address: null },
    kind: 'halts',
    key: 'ranker-v2.treatment',
    action: 'delete',
    before: {
      key: 'ranker-v2.treatment',
      experiment: 'ranker-v2',
      variant: 'treatment',
      reason: 'because',
      guardrail,
      source: 'lake',
    },
    after: null,
  });
  const haltedAfter = (entries: readonly AuditEntry[]) =>
    haltBreached(
      registered,
      { metrics: [complaints(0.2)] },
      { halt: async () => true, store: { audit: async () => [...entries] }, logger: createLogger('silent') },
    );

  it('is not put back by the same guardrail, whose evidence that person has seen', async () => {
    expect(await haltedAfter([])).toEqual(['treatment']);
    expect(await haltedAfter([lifted('2026-11-02T00:00:00.000Z', 'complaints')])).toEqual([]);
  });

  it('is put back by another guardrail, and says nothing of an experiment that began later', async () => {
    expect(await haltedAfter([lifted('2026-11-02T00:00:00.000Z', 'latency')])).toEqual(['treatment']);
    expect(await haltedAfter([lifted('2026-10-02T00:00:00.000Z', 'complaints')])).toEqual(['treatment']);
  });
});

import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../../experiments/experiment.ts';
import type { Exposure, Outcome } from '../../../experiments/exposure.ts';
import { metricSchema } from '../../../experiments/metric.ts';
import { experimentResults } from '../../../gateway/analysis/experiment-results.ts';
import { digestOf } from '../../support/pipeline.ts';
import { exposure, outcome } from '../../support/records.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const DAY_MS = 86_400_000;
const T0 = Date.UTC(2026, 10, 10);
const DAYS = 6;

const EXPERIMENT = experimentSchema.parse({
  key: 'ranker-v2',
  endpoint: 'movie-ranking',
  unit: 'user',
  variants: [
    { key: 'control', weight: 5_000, target: 'a' },
    { key: 'treatment', weight: 5_000, target: 'b' },
  ],
  metrics: { primary: 'spend' },
});

/** 500 users over six days, who spend daily; the treatment's extra wears off, and is there in one tenant only. */
function traffic(): { exposures: Exposure[]; outcomes: Outcome[] } {
  const random = seededRandom(11);
  const exposures: Exposure[] = [];
  const outcomes: Outcome[] = [];
  for (let user = 0; user < 500; user += 1) {
    const at = T0 + Math.floor(random() * 2 * DAY_MS);
    const treated = random() < 0.5;
    const tenant = random() < 0.5 ? 'acme' : 'globex';
    const unit = { unit: `u${user}`, tenant };
    exposures.push(exposure({ ...unit, at, variant: treated ? 'treatment' : 'control' }));
    for (let day = 0; day < DAYS; day += 1) {
      const extra = treated && tenant === 'acme' ? 8 - 2 * day : 0;
      const then = at + day * DAY_MS + Math.floor(random() * DAY_MS);
      outcomes.push(
        outcome({ ...unit, event: 'bought', at: then, receivedAt: then, value: 10 * random() + extra }),
      );
    }
  }
  return { exposures, outcomes };
}

async function detailed(kind: 'sum' | 'proportion' | 'count' | 'mean', asOfMs: number) {
  const digest = await digestOf([traffic()]);
  const metrics = [
    metricSchema.parse({
      key: 'spend',
      event: 'bought',
      kind,
      ...(kind === 'proportion' ? { threshold: 9 } : {}),
    }),
  ];
  const at = (moment: number) =>
    experimentResults({
      experiment: EXPERIMENT,
      revision: 1,
      metrics,
      digest,
      asOfMs: moment,
      detailed: true,
    });
  return { results: await at(asOfMs), at };
}

describe('the primary metric over time', () => {
  it.each(['sum', 'proportion', 'count', 'mean'] as const)(
    'has each day, of a %s, the estimate and interval that a look at its end would have had',
    async (kind) => {
      const { results, at } = await detailed(kind, T0 + 6 * DAY_MS - 1);
      const series = results.detail?.series ?? [];
      expect(series.map(({ day }) => day)).toEqual([
        '2026-11-10',
        '2026-11-11',
        '2026-11-12',
        '2026-11-13',
        '2026-11-14',
        '2026-11-15',
      ]);
      for (const [index, { comparisons }] of series.entries()) {
        if (index % 3 !== 2) continue;
        const then = await at(T0 + (index + 1) * DAY_MS - 1);
        const [expected] = then.metrics[0]?.comparisons ?? [];
        expect(comparisons[0]?.absolute.estimate).toBeCloseTo(expected?.absolute.estimate ?? Number.NaN, 9);
        const interval = comparisons[0]?.absolute.interval ?? [];
        // A proportion's variance is p (1 − p) there, and has n − 1 below it here.
        for (const [side, limit] of (expected?.absolute.interval ?? []).entries()) {
          expect(interval[side]).toBeCloseTo(limit, kind === 'proportion' ? 3 : 9);
        }
      }
    },
  );

  it('shows an effect that wears off, and says so in the verdict', async () => {
    const { results } = await detailed('sum', T0 + 7 * DAY_MS - 3_600_000);
    const [novelty] = results.detail?.novelty ?? [];

    expect(novelty?.trend).toMatchObject({ significant: true });
    // Two a day in one of two tenants.
    expect(novelty?.trend.absolute.estimate).toBeCloseTo(-1, 0);
    expect(novelty?.days[0]?.absolute.estimate).toBeCloseTo(4, 0);
    expect(novelty?.days).toHaveLength(6);
    expect(results.verdict.reasons).toContain('The effect falls with the days since exposure.');
  });

  it('shows where the effect is not the same', async () => {
    const { results } = await detailed('sum', T0 + 7 * DAY_MS - 3_600_000);
    const [found] = results.detail?.heterogeneity ?? [];

    expect(found).toMatchObject({ variant: 'treatment', dimensions: [{ dimension: 'tenant', df: 1 }] });
    expect(found?.dimensions[0]?.adjustedP).toBeLessThan(0.001);
    expect(found?.dimensions[0]?.segments.map(({ segment }) => segment).toSorted()).toEqual([
      'acme',
      'globex',
    ]);
    expect(results.verdict.reasons).toContain('The effect is not the same everywhere: it differs by tenant.');
  });
});

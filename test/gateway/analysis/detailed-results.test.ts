import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../../experiments/experiment.ts';
import type { Exposure, Outcome } from '../../../experiments/exposure.ts';
import { metricSchema } from '../../../experiments/metric.ts';
import { experimentResults } from '../../../gateway/analysis/experiment-results.ts';
import { queriesOf } from '../../../gateway/analysis/queries-of.ts';
import { experimentReport } from '../../../gateway/analysis/report/experiment-report.ts';
import { duckDbDialect } from '../../../gateway/analysis/sql/dialect.ts';
import { rowsOf } from '../../../gateway/pipeline/query.ts';
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

/**
 * 500 users over six days, who spend daily; the treatment's extra wears off, and is there in one tenant only. One of
 * two platforms each, and one of 30 cities, or none.
 */
function traffic(): { exposures: Exposure[]; outcomes: Outcome[] } {
  const random = seededRandom(11);
  const exposures: Exposure[] = [];
  const outcomes: Outcome[] = [];
  for (let user = 0; user < 500; user += 1) {
    const at = T0 + Math.floor(random() * 2 * DAY_MS);
    const treated = random() < 0.5;
    const tenant = random() < 0.5 ? 'acme' : 'globex';
    const unit = { unit: `u${user}`, tenant };
    const city = user % 31 === 0 ? {} : { city: `c${user % 31}` };
    const dimensions = { platform: user % 2 === 0 ? 'ios' : 'android', ...city };
    const variant = treated ? 'treatment' : 'control';
    exposures.push(exposure({ ...unit, at, variant, dimensions }));
    exposures.push(exposure({ ...unit, at: at + 1, variant, dimensions: { platform: 'web' } }));
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
  return { results: await at(asOfMs), at, digest };
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

    const byDimension = new Map(found?.dimensions.map((each) => [each.dimension, each]));
    expect(found?.variant).toBe('treatment');
    expect([...byDimension.keys()].toSorted()).toEqual(['city', 'platform', 'tenant']);
    expect(byDimension.get('tenant')?.adjustedP).toBeLessThan(0.001);
    expect(byDimension.get('platform')).toMatchObject({ df: 1, adjustedP: 1 });
    expect(byDimension.get('platform')?.segments.map(({ n }) => n)).toEqual([250, 250]);
    expect(
      byDimension
        .get('tenant')
        ?.segments.map(({ segment }) => segment)
        .toSorted(),
    ).toEqual(['acme', 'globex']);
    expect(results.verdict.reasons).toContain('The effect is not the same everywhere: it differs by tenant.');
  });

  it('looks at the most frequent values of a dimension one by one, and at the others as one', async () => {
    const { results } = await detailed('sum', T0 + 7 * DAY_MS - 3_600_000);
    const groups = (name: string) =>
      results.sampleRatioGroups.find(({ dimension }) => dimension === name)?.groups ?? [];

    expect(groups('platform').map(({ group, units }) => [group, units])).toEqual([
      ['android', 250],
      ['ios', 250],
    ]);
    expect(groups('city')).toHaveLength(21);
    expect(groups('city').map(({ group }) => group)).toContain('(none)');
    expect(groups('city')[0]?.group).toBe('(other)');
    expect(groups('city').reduce((sum, { units }) => sum + units, 0)).toBe(500);
    expect(experimentReport(EXPERIMENT, results)).toContain('By city');
  });
});

describe('the query of a metric by dimension', () => {
  it("gives, from the lake's own files, the units and the effect of each value", async () => {
    const { results, digest } = await detailed('sum', T0 + 7 * DAY_MS - 3_600_000);
    const dialect = duckDbDialect(digest.lakeUris);
    for (const dimension of ['platform', 'tenant']) {
      const scope = { experiment: EXPERIMENT, revision: 1 };
      const { spend = '' } = queriesOf(results, scope, { dialect, dimension });
      const rows = await digest.withCurrent((connection) =>
        rowsOf<{ segment: string; variant: string; n: bigint; y: number }>(connection, spend),
      );
      const found = results.detail?.heterogeneity[0]?.dimensions.find((each) => each.dimension === dimension);
      const ofSegment = (name: string, variant: string) =>
        rows.find((row) => row.segment === name && row.variant === variant);

      expect(rows).toHaveLength(4);
      for (const { segment, n, effect } of found?.segments ?? []) {
        const [control, treatment] = ['control', 'treatment'].map((variant) => ofSegment(segment, variant));
        expect(Number(control?.n) + Number(treatment?.n)).toBe(n);
        expect((treatment?.y ?? 0) - (control?.y ?? 0)).toBeCloseTo(effect.estimate, 9);
      }
    }
  });
});

describe('the split by dimension', () => {
  it('finds a mismatch in one value that another one hides, at any look', async () => {
    const units = (platform: string, variant: string, n: number) =>
      Array.from({ length: n }, (_, index) =>
        exposure({ unit: `${platform} ${variant} ${index}`, at: T0, variant, dimensions: { platform } }),
      );
    const digest = await digestOf([
      {
        exposures: [
          ...units('ios', 'control', 300),
          ...units('ios', 'treatment', 100),
          ...units('android', 'control', 100),
          ...units('android', 'treatment', 300),
        ],
      },
    ]);
    const metrics = [metricSchema.parse({ key: 'spend', event: 'bought', kind: 'sum' })];
    const asOfMs = T0 + 1;
    const results = await experimentResults({ experiment: EXPERIMENT, revision: 1, metrics, digest, asOfMs });

    expect(results.sampleRatio.p).toBe(1);
    expect(results.sampleRatioGroups.at(-1)).toMatchObject({
      dimension: 'platform',
      groups: [
        { group: 'android', units: 400, ok: false },
        { group: 'ios', units: 400, ok: false },
      ],
    });
    expect(results.verdict.sentence).toContain('where platform is android, units did not fall');
  });
});

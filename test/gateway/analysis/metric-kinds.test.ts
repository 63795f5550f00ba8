import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../../experiments/experiment.ts';
import type { Exposure } from '../../../experiments/exposure.ts';
import { type Metric, metricSchema } from '../../../experiments/metric.ts';
import { experimentResults } from '../../../gateway/analysis/experiment-results.ts';
import { type Delivery, digestOf } from '../../support/pipeline.ts';
import { exposure, outcome } from '../../support/records.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 10, 20, 12);
const AS_OF = T0 + 10 * 24 * HOUR_MS;

const seen = (unit: string, fields: Partial<Exposure> = {}) => exposure({ unit, at: T0, ...fields });
const did = (unit: string, hours: number, value: number | null = null, event = 'bought') =>
  outcome({ unit, at: T0 + hours * HOUR_MS, receivedAt: T0 + hours * HOUR_MS, value, event });

/** Two users in the control: `a` busy, `b` not; one in the treatment, that did nothing. */
const USERS: Omit<Required<Delivery>, 'invocations'> = {
  exposures: [seen('a'), seen('b'), seen('c', { variant: 'treatment' })],
  outcomes: [
    did('a', -30, 100),
    did('a', -1, 7),
    did('a', 1, 10),
    did('a', 2, 30),
    did('a', 50, 2),
    did('a', 51),
    did('b', 3, 4),
    did('b', 1, null, 'viewed'),
    did('b', 2, null, 'viewed'),
    did('a', 1, null, 'viewed'),
  ],
};

type Definition = Partial<Metric> & Pick<Metric, 'kind'>;

async function measured(definitions: Record<string, Definition>, delivery: Delivery = USERS) {
  const metrics = Object.entries(definitions).map(([key, definition]) =>
    metricSchema.parse({
      key,
      ...(definition.source === 'gateway' ? {} : { event: 'bought' }),
      ...definition,
    }),
  );
  const [primary = '', ...secondary] = Object.keys(definitions);
  const experiment = experimentSchema.parse({
    key: 'ranker-v2',
    endpoint: 'movie-ranking',
    unit: 'user',
    variants: [
      { key: 'control', weight: 5_000, target: 'a' },
      { key: 'treatment', weight: 5_000, target: 'b' },
    ],
    metrics: { primary, secondary },
  });
  const digest = await digestOf([delivery]);
  const results = await experimentResults({ experiment, revision: 1, metrics, digest, asOfMs: AS_OF });
  return Object.fromEntries(
    results.metrics.map(({ key, variants }) => [key, variants.map(({ n, mean }) => [n, mean])]),
  );
}

describe('metrics, by hand', () => {
  it('count and sum what a unit did since its first exposure, units without anything as zero', async () => {
    expect(await measured({ orders: { kind: 'count' }, revenue: { kind: 'sum' } })).toMatchObject({
      orders: [
        [2, 2.5],
        [1, 0],
      ],
      revenue: [
        [2, 23],
        [1, 0],
      ],
    });
  });

  it('filter by value', async () => {
    expect(
      await measured({
        large: { kind: 'count', filter: { value: { gte: 4, lt: 30 } } },
        any: { kind: 'proportion', filter: { value: { gt: 4 } } },
        'not-four': { kind: 'sum', filter: { value: { ne: 4 } } },
      }),
    ).toMatchObject({
      large: [
        [2, 1],
        [1, 0],
      ],
      any: [
        [2, 0.5],
        [1, 0],
      ],
      'not-four': [
        [2, 21],
        [1, 0],
      ],
    });
  });

  it('count within their window, its beginning and not its end', async () => {
    expect(
      await measured({
        'first-hours': { kind: 'sum', window: { delayHours: 0, lengthHours: 2 } },
        later: { kind: 'sum', window: { delayHours: 2 } },
        day: { kind: 'sum', window: { delayHours: 2, lengthHours: 24 } },
      }),
    ).toMatchObject({
      'first-hours': [
        [2, 5],
        [1, 0],
      ],
      later: [
        [2, 18],
        [1, 0],
      ],
      day: [
        [2, 17],
        [1, 0],
      ],
    });
  });

  it('are ratios of totals, not means of ratios', async () => {
    const found = await measured({
      'per-view': { kind: 'ratio', denominator: { event: 'viewed', of: 'count' } },
      'orders-per-view': { kind: 'ratio', numerator: 'count', denominator: { event: 'viewed', of: 'count' } },
    });
    expect(found['per-view']?.[0]).toEqual([2, 46 / 3]);
    expect(found['orders-per-view']?.[0]?.[1]).toBeCloseTo(5 / 3, 12);
    expect(found['per-view']?.[1]).toEqual([0, 0]);
  });

  it('are quantiles of all values', async () => {
    expect(
      await measured({
        median: { kind: 'quantile', quantile: 0.5 },
        top: { kind: 'quantile', quantile: 0.99 },
      }),
    ).toMatchObject({
      // Of 2, 4, 10, 30, from two units.
      median: [
        [2, 4],
        [0, 0],
      ],
      top: [
        [2, 30],
        [0, 0],
      ],
    });
  });

  it('are retention of the units whose window is over', async () => {
    const late = seen('d', { at: AS_OF - 60 * HOUR_MS });
    const found = await measured(
      { day3: { kind: 'retention', window: { delayHours: 48, lengthHours: 24 } } },
      { ...USERS, exposures: [...USERS.exposures, late] },
    );
    expect(found).toMatchObject({
      day3: [
        [2, 0.5],
        [1, 0],
      ],
    });
  });

  it('are winsorised at a value, or at a percentile of all units', async () => {
    expect(
      await measured({
        fixed: { kind: 'sum', cap: { value: 20 } },
        // Units have 42, 4 and 0: two thirds of them have at most 4.
        share: { kind: 'sum', cap: { percentile: 0.66 } },
      }),
    ).toMatchObject({
      fixed: [
        [2, 12],
        [1, 0],
      ],
      share: [
        [2, 4],
        [1, 0],
      ],
    });
  });

  it('are adjusted by what the same metric was before the first exposure', async () => {
    const users = Array.from({ length: 40 }, (_, index) => ({
      unit: `u${index}`,
      variant: index % 2 === 0 ? 'control' : 'treatment',
      before: (index * 7) % 13,
    }));
    const delivery = {
      exposures: users.map(({ unit, variant }) => seen(unit, { variant })),
      outcomes: users.flatMap(({ unit, variant, before }) => [
        did(unit, -24, before),
        // Out of the covariate's days.
        did(unit, -24 * 8, 1_000),
        did(unit, 1, before + (variant === 'treatment' ? 2 : 0)),
      ]),
    };
    const found = await measured(
      { plain: { kind: 'sum' }, adjusted: { kind: 'sum', covariate: { days: 7 } } },
      delivery,
    );
    const difference = (key: string) => (found[key]?.[1]?.[1] ?? 0) - (found[key]?.[0]?.[1] ?? 0);
    expect(difference('adjusted')).toBeCloseTo(2, 9);
    expect(difference('plain')).not.toBeCloseTo(2, 1);
  });

  it("are made of the gateway's own records too", async () => {
    const exposures = [
      seen('a', { latencyMs: 10, cost: 0.5 }),
      // Of a target without a price: nothing is known of its cost.
      seen('a', { latencyMs: 30, fallback: true }),
      seen('a', { latencyMs: null, status: null, reported: true }),
      seen('b', { latencyMs: 50, status: 502, error: 'target-failed' }),
    ];
    expect(
      await measured(
        {
          failed: { source: 'gateway', value: 'error', kind: 'proportion' },
          fallbacks: { source: 'gateway', value: 'fallback', kind: 'sum' },
          'p50-latency': { source: 'gateway', value: 'latency', kind: 'quantile', quantile: 0.5 },
          answers: { source: 'gateway', value: 'latency', kind: 'count' },
          'mean-cost': { source: 'gateway', value: 'cost', kind: 'mean' },
          'total-cost': { source: 'gateway', value: 'cost', kind: 'sum' },
          'p50-cost': { source: 'gateway', value: 'cost', kind: 'quantile', quantile: 0.5 },
        },
        { exposures },
      ),
    ).toMatchObject({
      failed: [
        [2, 0.5],
        [0, 0],
      ],
      fallbacks: [
        [2, 0.5],
        [0, 0],
      ],
      'p50-latency': [
        [2, 30],
        [0, 0],
      ],
      answers: [
        [2, 1.5],
        [0, 0],
      ],
      'mean-cost': [
        [1, 0.5],
        [0, 0],
      ],
      'total-cost': [
        [1, 0.5],
        [0, 0],
      ],
      'p50-cost': [
        [1, 0.5],
        [0, 0],
      ],
      latency: [
        [2, 35],
        [0, 0],
      ],
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Experiment, experimentSchema } from '../../../experiments/experiment.ts';
import type { Exposure, Outcome } from '../../../experiments/exposure.ts';
import { type Metric, metricSchema } from '../../../experiments/metric.ts';
import { type ExperimentResults, experimentResults } from '../../../gateway/analysis/experiment-results.ts';
import { type Delivery, digestOf } from '../../support/pipeline.ts';
import { exposure, outcome } from '../../support/records.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const T0 = Date.UTC(2026, 10, 20, 12);
const SECOND_MS = 1_000;
const AS_OF = T0 + 24 * 3_600 * SECOND_MS;

const METRICS: readonly Metric[] = [
  metricSchema.parse({ key: 'top-rating', event: 'rated', kind: 'proportion', threshold: 8 }),
  metricSchema.parse({ key: 'rated-at-all', event: 'rated', kind: 'proportion' }),
  metricSchema.parse({ key: 'mean-rating', event: 'rated', kind: 'mean' }),
  metricSchema.parse({ key: 'spend', event: 'bought', kind: 'mean', missing: 'zero' }),
];

function experimentWith(fields: Partial<Experiment> = {}): Experiment {
  return experimentSchema.parse({
    key: 'ranker-v2',
    endpoint: 'movie-ranking',
    unit: 'user',
    variants: [
      { key: 'control', weight: 5_000, target: 'ranker-v1-aws' },
      { key: 'treatment', weight: 5_000, target: 'ranker-v2-gcp' },
    ],
    metrics: {
      primary: 'top-rating',
      secondary: ['rated-at-all', 'mean-rating', 'spend'],
      guardrails: ['latency'],
    },
    ...fields,
  });
}

async function resultsOf(
  deliveries: readonly Delivery[],
  experiment = experimentWith(),
  fromRevision = 0,
): Promise<ExperimentResults> {
  const digest = await digestOf(deliveries);
  const scope = { experiment, revision: 3, fromRevision, asOfMs: AS_OF };
  return experimentResults({ ...scope, metrics: METRICS, digest });
}

const seen = (unit: string, fields: Partial<Exposure> = {}) => exposure({ unit, at: T0, ...fields });
const did = (unit: string, fields: Partial<Outcome> = {}) => outcome({ unit, at: T0 + SECOND_MS, ...fields });

function metric(results: ExperimentResults, key: string) {
  const found = results.metrics.find((other) => other.key === key);
  if (found === undefined) throw new Error(`no metric ${key}`);
  return found;
}

/** `{control: [n, mean], …}` of a metric. */
function meansOf(results: ExperimentResults, key: string) {
  return Object.fromEntries(
    metric(results, key).variants.map(({ key: variant, n, mean }) => [variant, [n, mean]]),
  );
}

describe('results computed by hand', () => {
  it('measure each unit once, from its first exposure on', async () => {
    const results = await resultsOf([
      {
        exposures: [
          seen('a', { latencyMs: 10, cost: 0.02 }),
          seen('a', {
            at: T0 + 60 * SECOND_MS,
            latencyMs: 20,
            status: 502,
            error: 'target-failed',
            cloud: null,
            servedTarget: null,
          }),
          seen('b', { latencyMs: 5, cost: 0.04 }),
          seen('c', {
            variant: 'treatment',
            cloud: 'gcp',
            latencyMs: 8,
            fallback: true,
            servedTarget: 'ranker-v2-aws',
          }),
          seen('d', { variant: 'treatment', cloud: 'gcp', latencyMs: 8 }),
          // Another tenant's unit of the same name is another unit.
          seen('a', { tenant: 'globex', variant: 'treatment', cloud: 'gcp', latencyMs: 2 }),
          // Seen in both: left out.
          seen('e'),
          seen('e', { at: T0 + 1, variant: 'treatment' }),
          // Not of this experiment, or after the results were asked for.
          seen('f', { experiment: 'other' }),
          seen('g', { revision: 4 }),
          seen('h', { at: AS_OF + 1 }),
        ],
        outcomes: [
          did('a', { value: 9 }),
          did('a', { value: 5, at: T0 + 90 * SECOND_MS }),
          did('b', { id: 'twice', value: 7 }),
          did('b', { id: 'twice', value: 10, receivedAt: T0 + 60 * SECOND_MS }),
          did('c', { value: 8 }),
          did('c', { event: 'bought', value: 30 }),
          did('d', { event: 'bought', value: 10 }),
          did('a', { tenant: 'globex', value: null }),
          // Before the exposure, beyond the clock skew that is allowed; and just within it.
          did('d', { value: 10, at: T0 - 5_001 }),
          did('d', { event: 'bought', value: 20, at: T0 - 5_000 }),
          // Taken in later, of a unit that was left out, of another kind of unit, of nobody.
          did('b', { value: 10, receivedAt: AS_OF + 1 }),
          did('e', { value: 10 }),
          did('b', { value: 10, unitType: 'session' }),
          did('nobody', { value: 10 }),
        ],
      },
    ]);

    expect(results.exposures).toEqual({
      total: 8,
      units: 5,
      excludedUnits: 1,
      earlierUnits: 0,
      byVariant: { control: { exposures: 4, units: 2 }, treatment: { exposures: 4, units: 3 } },
    });
    expect(results.sampleRatio).toMatchObject({ chi2: 0.2, df: 1, ok: true });
    expect(meansOf(results, 'top-rating')).toEqual({ control: [2, 0.5], treatment: [3, 1 / 3] });
    expect(meansOf(results, 'rated-at-all')).toEqual({ control: [2, 1], treatment: [3, 2 / 3] });
    expect(meansOf(results, 'mean-rating')).toEqual({ control: [2, 7], treatment: [1, 8] });
    expect(meansOf(results, 'spend')).toEqual({ control: [2, 0], treatment: [3, 15] });
    expect(meansOf(results, 'latency')).toEqual({ control: [2, 10], treatment: [3, 6] });
    expect(meansOf(results, 'error-rate')).toEqual({ control: [2, 0.25], treatment: [3, 0] });
    // Sample standard deviation of 30, 15, 0.
    expect(metric(results, 'spend').variants[1]?.standardDeviation).toBeCloseTo(15, 12);
    expect(metric(results, 'top-rating').comparisons[0]?.absolute.estimate).toBeCloseTo(1 / 3 - 1 / 2, 12);
    expect(results.metrics.map(({ key, role }) => [key, role])).toEqual([
      ['top-rating', 'primary'],
      ['rated-at-all', 'secondary'],
      ['mean-rating', 'secondary'],
      ['spend', 'secondary'],
      ['latency', 'guardrail'],
      ['error-rate', 'guardrail'],
    ]);
    expect(results.fallbacks).toBe(1);
    expect(results.serving).toEqual([
      {
        variant: 'control',
        cloud: 'aws',
        exposures: 3,
        errors: 0,
        errorRate: 0,
        latencyMs: { p50: 5, p95: expect.closeTo(9.5, 9), p99: expect.closeTo(9.9, 9) },
        fallbacks: 0,
        cost: { total: expect.closeTo(0.06, 9), perAnswer: expect.closeTo(0.03, 9) },
      },
      {
        variant: 'control',
        cloud: null,
        exposures: 1,
        errors: 1,
        errorRate: 1,
        latencyMs: { p50: 20, p95: 20, p99: 20 },
        fallbacks: 0,
        cost: null,
      },
      expect.objectContaining({ variant: 'treatment', cloud: 'aws', exposures: 1 }),
      expect.objectContaining({ variant: 'treatment', cloud: 'gcp', exposures: 3, fallbacks: 1 }),
    ]);
    expect(results.asServed).toContainEqual({
      variant: 'treatment',
      target: 'ranker-v2-aws',
      model: 'movie-ranker',
      version: 'v1',
      cloud: 'gcp',
      exposures: 1,
    });
    expect(results.verdict.decision).toBe('keep-running');
    expect(results.asOf).toBe(new Date(AS_OF).toISOString());
  });

  it('analyse each unit under the weights that it was first drawn with', async () => {
    const before = { revision: 1, propensityBp: 9_000 };
    const changed = T0 + 60 * SECOND_MS;
    const results = await resultsOf([
      {
        exposures: [
          seen('old', before),
          seen('old', { at: changed, revision: 2 }),
          seen('moved', before),
          seen('moved', { at: changed + 1, revision: 2, variant: 'treatment' }),
          seen('crossed', before),
          seen('crossed', { ...before, variant: 'treatment', propensityBp: 1_000 }),
          seen('new', { at: changed + 1, revision: 2 }),
          seen('newer', { at: changed + 2, revision: 3, variant: 'treatment' }),
        ],
        outcomes: [
          did('old', { value: 9 }),
          // The change moved a unit, so nobody's later outcomes say anything of the variant first drawn.
          did('moved', { value: 9, at: changed + 2 * SECOND_MS }),
          did('new', { value: 9, at: changed + 2 * SECOND_MS }),
        ],
      },
    ]);

    expect(results.exposures).toMatchObject({ total: 8, units: 4, earlierUnits: 2, excludedUnits: 1 });
    expect(results.epochs).toMatchObject([
      { fromRevision: 1, weights: { control: 9_000, treatment: 1_000 } },
      {
        fromRevision: 2,
        from: new Date(changed).toISOString(),
        weights: { control: 5_000, treatment: 5_000 },
      },
    ]);
    expect(results.sampleRatio).toMatchObject({ df: 1, ok: true });
    expect(meansOf(results, 'top-rating')).toEqual({ control: [0, 0], treatment: [0, 0] });
  });

  it('begin anew where units were drawn anew', async () => {
    const before = { revision: 1 };
    const raised = T0 + 60 * SECOND_MS;
    const results = await resultsOf(
      [
        {
          exposures: [
            seen('left', before),
            seen('other', before),
            seen('other', { at: raised, revision: 2, variant: 'treatment' }),
            seen('new', { at: raised, revision: 3 }),
          ],
          outcomes: [
            did('left', { value: 9 }),
            did('other', { value: 9 }),
            did('other', { value: 8, at: raised + SECOND_MS }),
          ],
        },
      ],
      undefined,
      2,
    );
    expect(results.exposures).toMatchObject({ total: 2, units: 2, excludedUnits: 0 });
    expect(results).toMatchObject({ epochs: [{ fromRevision: 2 }], moved: false });
    expect(meansOf(results, 'top-rating')).toEqual({ control: [1, 0], treatment: [1, 1] });
    expect(results.queries['top-rating']).toContain('revision BETWEEN 2 AND 3');
  });

  it('do not confuse a change of time with an effect where the weights changed', async () => {
    // Everybody converts later, nobody earlier; the treatment's weight was small earlier.
    const unitsOf = (count: number, fields: Partial<Exposure>) =>
      Array.from({ length: count }, (_, index) =>
        seen(`${fields.revision}-${fields.variant}-${index}`, fields),
      );
    const later = T0 + 3_600 * SECOND_MS;
    const exposures = [
      ...unitsOf(900, { revision: 1, variant: 'control', propensityBp: 9_000 }),
      ...unitsOf(100, { revision: 1, variant: 'treatment', propensityBp: 1_000 }),
      ...unitsOf(500, { revision: 2, variant: 'control', at: later }),
      ...unitsOf(500, { revision: 2, variant: 'treatment', at: later }),
    ];
    const outcomes = exposures
      .filter(({ revision }, index) => (revision === 2 ? index % 10 < 8 : index % 10 < 2))
      .map(({ unit, at }) => did(unit, { at: at + SECOND_MS, value: 9 }));
    const results = await resultsOf([{ exposures, outcomes }]);

    expect(metric(results, 'top-rating').comparisons[0]).toMatchObject({
      absolute: { estimate: expect.closeTo(0, 9) },
      significant: false,
    });
    expect(results.exposures).toMatchObject({ units: 2_000, earlierUnits: 1_000 });
  });

  it('weigh units by the chance they were drawn with where weights followed the outcomes', async () => {
    // The treatment began well by luck and was given most units; later it does no better than the control.
    const unitsOf = (count: number, fields: Partial<Exposure>) =>
      Array.from({ length: count }, (_, index) =>
        seen(`${fields.revision}-${fields.variant}-${index}`, fields),
      );
    const later = T0 + 3_600 * SECOND_MS;
    const exposures = [
      ...unitsOf(100, { revision: 1, variant: 'control' }),
      ...unitsOf(100, { revision: 1, variant: 'treatment' }),
      ...unitsOf(60, { revision: 2, variant: 'control', at: later, propensityBp: 2_000 }),
      ...unitsOf(240, { revision: 2, variant: 'treatment', at: later, propensityBp: 8_000 }),
    ];
    const liked = (count: number) => (_: Exposure, index: number) => index < count;
    const ofArm = (revision: number, variant: string) =>
      exposures.filter((each) => each.revision === revision && each.variant === variant);
    const outcomes = [
      ...ofArm(1, 'control').filter(liked(20)),
      ...ofArm(1, 'treatment').filter(liked(40)),
      ...ofArm(2, 'control').filter(liked(30)),
      ...ofArm(2, 'treatment').filter(liked(120)),
    ].map(({ unit, at }) => did(unit, { at: at + SECOND_MS, value: 9 }));
    const bandit = { metric: 'top-rating', floor: 500, cadenceMinutes: 60 };
    const adaptive = await resultsOf([{ exposures, outcomes }], experimentWith({ bandit }));
    const planned = await resultsOf([{ exposures, outcomes }]);

    // First batch: 200 units at what it found. Second: 300 units at what was found before, and what those who got the
    // variant differ by, over their chance.
    expect(meansOf(adaptive, 'top-rating')).toEqual({
      control: [160, expect.closeTo((200 * 0.2 + 300 * 0.2 + (60 * (0.5 - 0.2)) / 0.2) / 500, 12)],
      treatment: [340, expect.closeTo((200 * 0.4 + 300 * 0.4 + (240 * (0.5 - 0.4)) / 0.8) / 500, 12)],
    });
    expect([adaptive.estimator, planned.estimator]).toEqual(['adaptive', 'stratified']);
    expect(meansOf(planned, 'top-rating')['control']).not.toEqual(meansOf(adaptive, 'top-rating')['control']);
  });

  it('are empty, and say so, before the first exposure', async () => {
    const results = await resultsOf([]);

    expect(results.exposures).toMatchObject({ total: 0, units: 0 });
    expect(results.metrics[0]?.variants).toEqual([
      { key: 'control', n: 0, mean: 0, standardDeviation: 0 },
      { key: 'treatment', n: 0, mean: 0, standardDeviation: 0 },
    ]);
    expect(results.verdict.decision).toBe('keep-running');
    expect(JSON.parse(JSON.stringify(results))).toEqual(results);
  });

  it('refuse a metric without a definition', async () => {
    const experiment = experimentWith({
      metrics: { primary: 'undefined-one', secondary: [], guardrails: [] },
    });

    await expect(resultsOf([], experiment)).rejects.toThrow('metric "undefined-one" is not defined');
  });
});

/** Records of a few hundred units, with effects, repeated exposures, crossovers and failures. */
function traffic(seed: number): Delivery {
  const random = seededRandom(seed);
  const exposures: Exposure[] = [];
  const outcomes: Outcome[] = [];
  for (let index = 0; index < 400; index += 1) {
    const unit = `u${index}`;
    const variant = random() < 0.5 ? 'control' : 'treatment';
    const served = { variant, latencyMs: Math.round(random() * 100), cloud: random() < 0.5 ? 'aws' : 'gcp' };
    for (let visit = 0; visit <= random() * 3; visit += 1) {
      const other = random() < 0.01 ? { variant: variant === 'control' ? 'treatment' : 'control' } : {};
      exposures.push(seen(unit, { id: `${unit}-${visit}`, at: T0 + visit * 1_000, ...served, ...other }));
    }
    for (let count = 0; random() < (variant === 'control' ? 0.4 : 0.7); count += 1) {
      outcomes.push(
        did(unit, {
          id: `o${index}-${count}`,
          at: T0 + Math.round(random() * 1e6) - 1e5,
          value: Math.round(random() * 10),
        }),
      );
    }
  }
  return { exposures, outcomes };
}

/** The same records, each once or more, in any order, split over several writers and days of delay. */
function disordered({ exposures = [], outcomes = [] }: Delivery, random: () => number): Delivery[] {
  const deliveries = Array.from({ length: 3 }, () => ({
    exposures: [] as Exposure[],
    outcomes: [] as Outcome[],
  }));
  const shuffled = <Item>(items: readonly Item[]) =>
    items.map((item) => ({ item, key: random() })).toSorted((a, b) => a.key - b.key);
  for (const { item } of shuffled(exposures))
    for (const into of deliveries) if (random() < 0.5) into.exposures.push(item);
  for (const { item } of shuffled(outcomes)) {
    for (const [late, into] of deliveries.entries()) {
      if (random() < 0.5) into.outcomes.push({ ...item, receivedAt: item.receivedAt + late * 1_000 });
    }
  }
  // Every record came at least once.
  deliveries.push({ exposures: [...exposures], outcomes: [...outcomes] });
  return deliveries;
}

/** Sums over many rows differ in their last bits with the order of the rows; the files are others, elsewhere. */
function rounded({ input: _input, ...results }: ExperimentResults): unknown {
  return JSON.parse(JSON.stringify(results), (key, value) => {
    if (key === 'queries') return undefined;
    return typeof value === 'number' ? Number(value.toPrecision(10)) : value;
  });
}

describe('results of a delivery that repeats, delays and reorders', () => {
  it('are those of the clean delivery', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const clean = traffic(seed);
        const expected = await resultsOf([clean]);
        const actual = await resultsOf(disordered(clean, seededRandom(seed + 1)));
        expect(rounded(actual)).toEqual(rounded(expected));
        expect(expected.exposures.excludedUnits).toBeGreaterThan(0);
      }),
      { numRuns: 5 },
    );
    // Ten databases in turn, on a machine that others may keep busy.
  }, 60_000);

  it('find the effect that is there', async () => {
    const { verdict, metrics } = await resultsOf(
      [traffic(1)],
      experimentWith({ metrics: { primary: 'rated-at-all', secondary: [], guardrails: [] } }),
    );

    expect(verdict).toMatchObject({ decision: 'ship', variant: 'treatment' });
    expect(metrics[0]?.comparisons[0]).toMatchObject({
      variant: 'treatment',
      control: 'control',
      significant: true,
    });
  });
});

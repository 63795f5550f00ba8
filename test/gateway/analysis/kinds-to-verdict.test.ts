import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../../experiments/analysis/verdict.ts';
import { experimentSchema } from '../../../experiments/experiment.ts';
import { metricSchema } from '../../../experiments/metric.ts';
import { type ExperimentResults, experimentResults } from '../../../gateway/analysis/experiment-results.ts';
import { digestOf } from '../../support/pipeline.ts';
import { exposure, outcome } from '../../support/records.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const T0 = Date.UTC(2026, 10, 10);

interface User {
  readonly unit: string;
  readonly variant: 'control' | 'treatment';
  readonly before: number;
  readonly purchases: readonly number[];
  readonly latencies: readonly number[];
}

const USERS: readonly User[] = users();

/** 600 users with up to three purchases; the treatment sells more often, and answers sooner. */
function users(): User[] {
  const random = seededRandom(23);
  return Array.from({ length: 600 }, (_, index) => {
    const treated = random() < 0.5;
    const taste = random();
    const bought = 3 * random() ** (treated ? 0.5 : 2);
    return {
      unit: `u${index}`,
      variant: treated ? 'treatment' : 'control',
      before: Math.round(10 * taste),
      purchases: Array.from({ length: Math.floor(bought) }, () =>
        Math.round(10 * taste + 5 * random() + (treated ? 4 : 0)),
      ),
      latencies: Array.from({ length: 1 + Math.floor(2 * random()) }, () =>
        Math.round((treated ? 20 : 40) * (0.5 + random())),
      ),
    };
  });
}

const METRICS = [
  { key: 'proportion', kind: 'proportion' },
  { key: 'mean', kind: 'mean' },
  { key: 'sum', kind: 'sum' },
  { key: 'count', kind: 'count' },
  { key: 'ratio', kind: 'ratio', denominator: {} },
  { key: 'quantile', kind: 'quantile', quantile: 0.5 },
  { key: 'retention', kind: 'retention', window: { delayHours: 24, lengthHours: 24 } },
  { key: 'winsorised', kind: 'sum', cap: { value: 12 } },
  { key: 'adjusted', kind: 'sum', covariate: { days: 7 } },
  { key: 'speed', source: 'gateway', value: 'latency', kind: 'mean', direction: 'decrease' },
].map((metric) => metricSchema.parse({ ...('source' in metric ? {} : { event: 'bought' }), ...metric }));

async function measure(): Promise<ExperimentResults> {
  const exposures = USERS.flatMap(({ unit, variant, latencies }) =>
    latencies.map((latencyMs, visit) =>
      exposure({ id: `${unit}-${visit}`, unit, variant, at: T0 + visit, latencyMs }),
    ),
  );
  const outcomes = USERS.flatMap(({ unit, before, purchases }) => [
    outcome({ unit, event: 'bought', at: T0 - DAY_MS, receivedAt: T0, value: before }),
    ...purchases.map((value, place) => {
      // The first at once, the others on the days after.
      const at = T0 + HOUR_MS + place * DAY_MS;
      return outcome({ id: `${unit}-${place}`, unit, event: 'bought', at, receivedAt: at, value });
    }),
  ]);
  const digest = await digestOf([{ exposures, outcomes }]);
  const experiment = experimentSchema.parse({
    key: 'ranker-v2',
    endpoint: 'movie-ranking',
    unit: 'user',
    variants: [
      { key: 'control', weight: 5_000, target: 'a' },
      { key: 'treatment', weight: 5_000, target: 'b' },
    ],
    metrics: { primary: 'proportion', secondary: METRICS.slice(1).map(({ key }) => key) },
  });
  const asOfMs = T0 + 10 * DAY_MS;
  return experimentResults({ experiment, revision: 1, metrics: METRICS, digest, asOfMs });
}

/** The lake goes with the first test that asks; what was measured stays. */
let known: Promise<ExperimentResults> | null = null;
function measured(): Promise<ExperimentResults> {
  known ??= measure();
  return known;
}

const of = (variant: string) => USERS.filter((user) => user.variant === variant);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const average = (values: readonly number[]) => total(values) / values.length;
/** Sample standard deviation. */
function deviation(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(total(values.map((value) => (value - mean) ** 2)) / (values.length - 1));
}

/** Units with a value, their mean and standard deviation, by hand, of the users of a variant. */
type ByHand = (own: readonly User[]) => { n: number; mean: number; deviation: number };

const overUnits =
  (value: (user: User) => number | null): ByHand =>
  (own) => {
    const values = own.map(value).filter((each) => each !== null);
    return { n: values.length, mean: average(values), deviation: deviation(values) };
  };

const shareOf =
  (has: (user: User) => boolean): ByHand =>
  (own) => {
    const mean = own.filter(has).length / own.length;
    return { n: own.length, mean, deviation: Math.sqrt(mean * (1 - mean)) };
  };

/** Linearised: the spread of what a unit has above the ratio, over the mean denominator. */
const ratioByHand: ByHand = (own) => {
  const ratio =
    total(own.map(({ purchases }) => total(purchases))) / total(own.map(({ purchases }) => purchases.length));
  const above = own.map(({ purchases }) => total(purchases) - ratio * purchases.length);
  const denominator = average(own.map(({ purchases }) => purchases.length));
  return { n: own.length, mean: ratio, deviation: deviation(above) / denominator };
};

/** One slope for both arms, from within them. */
const adjustedByHand: ByHand = (own) => {
  const arms = [of('control'), of('treatment')];
  const centred = (arm: readonly User[], value: (user: User) => number) => {
    const mean = average(arm.map(value));
    return arm.map((user) => value(user) - mean);
  };
  const spent = ({ purchases }: User) => total(purchases);
  const before = (user: User) => user.before;
  const products = arms.flatMap((arm) => {
    const [y, x] = [centred(arm, spent), centred(arm, before)];
    return y.map((each, index) => ({ yx: each * (x[index] ?? 0), xx: (x[index] ?? 0) ** 2 }));
  });
  const theta = total(products.map(({ yx }) => yx)) / total(products.map(({ xx }) => xx));
  const level = average(USERS.map(before));
  const values = own.map((user) => spent(user) - theta * (before(user) - level));
  return { n: own.length, mean: average(values), deviation: deviation(values) };
};

const CASES: [key: string, byHand: ByHand, decision: string][] = [
  ['proportion', shareOf(({ purchases }) => purchases.length > 0), 'ship'],
  ['mean', overUnits(({ purchases }) => (purchases.length === 0 ? null : average(purchases))), 'ship'],
  ['sum', overUnits(({ purchases }) => total(purchases)), 'ship'],
  ['count', overUnits(({ purchases }) => purchases.length), 'ship'],
  ['ratio', ratioByHand, 'ship'],
  ['retention', shareOf(({ purchases }) => purchases.length > 1), 'ship'],
  ['winsorised', overUnits(({ purchases }) => Math.min(12, total(purchases))), 'ship'],
  ['adjusted', adjustedByHand, 'ship'],
  ['speed', overUnits(({ latencies }) => average(latencies)), 'ship'],
];

async function found(key: string) {
  const metric = (await measured()).metrics.find((each) => each.key === key);
  if (metric === undefined) throw new Error(`no metric ${key}`);
  return metric;
}

/** What the verdict would be, were this the metric that decides. */
async function verdictBy(key: string) {
  const { sampleRatio } = await measured();
  return verdictOf({ sampleRatio, metrics: [{ ...(await found(key)), role: 'primary' }], excludedUnits: 0 });
}

describe('a metric of every kind, from its definition to a verdict', () => {
  it.each(CASES)('%s: units, mean and spread are those by hand', async (key, byHand, decision) => {
    for (const { key: variant, n, mean, standardDeviation } of (await found(key)).variants) {
      const expected = byHand(of(variant));
      expect(n).toBe(expected.n);
      expect(mean).toBeCloseTo(expected.mean, 9);
      expect(standardDeviation).toBeCloseTo(expected.deviation, 9);
    }
    expect((await verdictBy(key)).decision).toBe(decision);
  });

  it('quantile: the value in its place, its error from the density, and a verdict', async () => {
    for (const { key: variant, mean, standardDeviation } of (await found('quantile')).variants) {
      const values = of(variant)
        .flatMap(({ purchases }) => purchases)
        .toSorted((a, b) => a - b);
      expect(mean).toBe(values[Math.ceil(0.5 * values.length) - 1]);
      expect(standardDeviation).toBeGreaterThan(0);
    }
    expect((await verdictBy('quantile')).decision).toBe('ship');
  });

  it('turns means and spreads into the interval of Waudby-Smith and others', async () => {
    const { variants, comparisons } = await found('sum');
    const [control, treatment] = variants;
    const [comparison] = comparisons;
    if (control === undefined || treatment === undefined || comparison === undefined)
      throw new Error('two arms');
    const error = Math.hypot(
      control.standardDeviation / Math.sqrt(control.n),
      treatment.standardDeviation / Math.sqrt(treatment.n),
    );
    // Theorem 2.2, tightest at 5,000 units to first order: −2 ln alpha + ln(1 − 2 ln alpha) = 7.936 there, at alpha 0.05.
    const n = control.n + treatment.n;
    const scaled = (7.936 * n) / 5_000;
    const halfWidth = error * Math.sqrt(((scaled + 1) / scaled) * Math.log((scaled + 1) / 0.05 ** 2));

    expect(comparison.absolute.estimate).toBeCloseTo(treatment.mean - control.mean, 9);
    const [low, high] = comparison.absolute.interval ?? [0, 0];
    expect((high - low) / 2 / halfWidth).toBeCloseTo(1, 4);
  });
});

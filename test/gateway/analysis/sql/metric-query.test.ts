import { describe, expect, it } from 'vitest';
import { stratifiedArms } from '../../../../experiments/analysis/stratified-moments.ts';
import { experimentSchema } from '../../../../experiments/experiment.ts';
import { experimentResults } from '../../../../gateway/analysis/experiment-results.ts';
import { ATHENA, BIGQUERY } from '../../../../gateway/analysis/sql/dialect.ts';
import { metricQuery } from '../../../../gateway/analysis/sql/metric-query.ts';
import { LakeReader } from '../../../../gateway/pipeline/lake-reader.ts';
import { rowsOf } from '../../../../gateway/pipeline/query.ts';
import { FileStore } from '../../../../models/artifacts/file-store.ts';
import { EVERY_METRIC } from '../../../support/metric-definitions.ts';
import { deliver, openDigest } from '../../../support/pipeline.ts';
import { exposure, outcome } from '../../../support/records.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 10, 20, 12);
const AS_OF = T0 + 150 * HOUR_MS;

const EXPERIMENT = experimentSchema.parse({
  key: 'ranker-v2',
  endpoint: 'movie-ranking',
  unit: 'user',
  variants: [
    { key: 'control', weight: 5_000, target: 'a' },
    { key: 'treatment', weight: 5_000, target: 'b' },
  ],
  metrics: {
    primary: 'top',
    secondary: EVERY_METRIC.slice(1).map(({ key }) => key),
  },
});

/** Units before and after a change of weights, some moved, some crossed; outcomes before and after, some twice. */
function records() {
  const random = seededRandom(7);
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[Math.floor(random() * items.length)] ?? items[0];
  const exposures = Array.from({ length: 900 }, (_, index) => {
    const revision = pick([1, 2]);
    const user = Math.floor(random() * 300);
    const controlBp = revision === 1 ? 7_000 : 5_000;
    const drawn = (user * 37) % 100 < controlBp / 100 ? 'control' : 'treatment';
    const variant = random() < 0.02 ? 'treatment' : drawn;
    return exposure({
      id: `e${index}`,
      unit: `u${user}`,
      tenant: pick(['acme', 'globex']),
      revision,
      variant,
      propensityBp: variant === 'control' ? controlBp : 10_000 - controlBp,
      at: T0 + (revision === 1 ? 0 : 10 * HOUR_MS) + Math.floor(random() * 9 * HOUR_MS),
      latencyMs: Math.round(random() * 1_000) / 10,
      status: random() < 0.1 ? 502 : 200,
      cost: random() < 0.2 ? null : Math.round(random() * 100) / 100,
    });
  });
  const outcomes = Array.from({ length: 2_000 }, (_, index) => {
    const at = T0 + Math.floor((random() * 200 - 80) * HOUR_MS);
    return outcome({
      id: `o${index}`,
      unit: `u${Math.floor(random() * 300)}`,
      tenant: pick(['acme', 'globex']),
      event: pick(['rated', 'bought', 'other']),
      value: random() < 0.1 ? null : Math.round(random() * 100) / 10,
      at,
      receivedAt: at + 1_000,
    });
  });
  return { exposures, outcomes };
}

describe('the query that a metric comes with', () => {
  it("gives, from the lake's own files, the moments that the result was made of", async () => {
    const root = await temporaryDirectory();
    const lake = new FileStore(`${root}/the lake's`);
    const { exposures, outcomes } = records();
    const again = outcomes
      .slice(0, 500)
      .map((one) => ({ ...one, receivedAt: one.receivedAt + 5_000, value: 99 }));
    await deliver(lake, [
      { exposures, outcomes },
      { exposures: exposures.slice(0, 300), outcomes: again },
    ]);
    const digest = await openDigest(lake, root);
    const results = await experimentResults({
      experiment: EXPERIMENT,
      revision: 2,
      metrics: EVERY_METRIC,
      digest,
      asOfMs: AS_OF,
    });
    expect(results.epochs).toHaveLength(2);

    const reader = await LakeReader.open({ lake, cacheDirectory: `${root}/cache` });
    try {
      for (const { key, definition, variants, varianceReduction } of results.metrics) {
        const rows = await reader.withConnection((connection) =>
          rowsOf<{ variant: string; n: bigint; y: number; x?: number; epoch?: number }>(
            connection,
            results.queries[key] ?? '',
          ),
        );
        expect(rows.length, key).toBeGreaterThan(0);
        for (const { key: variant, n, mean } of variants) {
          const own = rows.filter((row) => row.variant === variant);
          const units = own.reduce((sum, row) => sum + Number(row.n), 0);
          expect(units, `${key} ${variant}`).toBe(n);
          if (definition.kind === 'quantile') {
            const share = (own[0]?.y ?? 0) / (own[0]?.x ?? 1);
            expect(share, key).toBeGreaterThanOrEqual(definition.quantile ?? 0);
          } else if (varianceReduction === null && definition.kind !== 'ratio') {
            const strata = [0, 1].map((epoch) => ({
              arms: variants.map((arm) => {
                const row = rows.find((each) => each.epoch === epoch && each.variant === arm.key);
                return { n: Number(row?.n ?? 0), mean: row?.y ?? 0, variance: 0 };
              }),
            }));
            const expected =
              stratifiedArms(strata).arms[variants.findIndex((arm) => arm.key === variant)]?.mean;
            expect(expected, key).toBeTypeOf('number');
            expect(mean, key).toBeCloseTo(expected ?? Number.NaN, 9);
          }
        }
      }
    } finally {
      reader.close();
    }
  });

  it("names the days, and in Athena the tenants, without which the lake's tables refuse it", () => {
    const metric = EVERY_METRIC.find(({ covariate }) => covariate?.days === 7) ?? expect.fail();
    const scope = {
      ...{ experiment: EXPERIMENT, revision: 2, asOfMs: AS_OF, fromMs: T0, tenants: ['acme', "o'neill"] },
      ...{ epochs: [{ fromRevision: 1, fromMs: T0 }], moved: false, priced: false, quantiles: new Map() },
    };
    for (const dialect of [ATHENA, BIGQUERY]) {
      const read = metricQuery(metric, scope, dialect).matchAll(/FROM (?:exposures|outcomes)\s+WHERE (.*)/g);
      const [exposures = '', outcomes = ''] = [...read].map(([, where = '']) => where);

      expect(exposures).toMatch(/date. BETWEEN DATE '2026-11-20' AND DATE '2026-11-26'/);
      // A covariate of seven days, and a day for clocks that are off.
      expect(outcomes).toMatch(/date. BETWEEN DATE '2026-11-12' AND DATE '2026-11-27'/);
      for (const where of [exposures, outcomes])
        expect(where.startsWith("tenant IN ('acme', 'o''neill') AND")).toBe(dialect === ATHENA);
    }
  });
});

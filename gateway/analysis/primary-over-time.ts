import type { DuckDBConnection } from '@duckdb/node-api';
import { type Comparison, compareArms } from '../../experiments/analysis/comparison.ts';
import type { Moments } from '../../experiments/analysis/moments.ts';
import { type Novelty, novelty } from '../../experiments/analysis/novelty.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import { type AnalysisScope, isAdaptive, type LoadedExperiment } from './experiment-tables.ts';
import { ALPHA, ALWAYS_VALID } from './measure-metrics.ts';
import { overEpochs } from './over-epochs.ts';
import { DAY_MS, dailyStepsSql, isDaily, noveltyDaysSql, noveltySlopesSql } from './sql/daily-sql.ts';
import type { Dialect } from './sql/dialect.ts';

/** One variant against the control, as it stood at the end of each day. */
export interface DailyComparison {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly units: number;
  readonly comparisons: readonly Comparison[];
}

export interface VariantNovelty extends Novelty {
  readonly variant: string;
}

interface OverTime {
  readonly metric: Metric;
  readonly scope: AnalysisScope;
  readonly loaded: LoadedExperiment;
  readonly dialect: Dialect;
}

const OPTIONS = { alpha: ALPHA, method: ALWAYS_VALID };
/** Days since exposure that are looked at, and the least that show a trend. */
const NOVELTY_DAYS = { most: 14, least: 3 };

/**
 * What somebody who looked at the end of each day saw: units exposed and outcomes reported by then. Empty for metrics
 * that do not add up from day to day (ratios, quantiles, retention, those of the gateway, those with a percentile cap).
 */
export async function dailySeries(
  connection: DuckDBConnection,
  { metric, scope, loaded, dialect }: OverTime,
): Promise<DailyComparison[]> {
  if (!isDaily(metric)) return [];
  const variants = scope.experiment.variants.map(({ key }) => key);
  const steps = await rowsOf<DailyStep>(connection, dailyStepsSql(metric, dialect));
  const enrolled = await rowsOf<Enrolled>(
    connection,
    `SELECT epoch, variant, first_ms // ${DAY_MS} AS day, count(*)::DOUBLE AS n FROM unit
     WHERE state = 'analysed' GROUP BY ALL`,
  );
  const days = [...new Set([...steps, ...enrolled].map(({ day }) => Number(day)))].toSorted((a, b) => a - b);
  const epochs = [...new Set(enrolled.map(({ epoch }) => epoch))].toSorted((a, b) => a - b);
  return days.map((day) => {
    const strata = epochs.map((epoch) => ({
      epoch,
      weights: variants.map((key) => loaded.epochs[epoch]?.weights.get(key) ?? 0),
      arms: variants.map((variant) => momentsUntil(day, { steps, enrolled, epoch, variant, metric })),
    }));
    const { arms, sharedVariance } = overEpochs(strata, { metric, adaptive: isAdaptive(scope) }) ?? NOTHING;
    return {
      day: new Date(day * DAY_MS).toISOString().slice(0, 10),
      units: sumOf(arms, ({ n }) => n),
      comparisons: compareAll(variants, arms, sharedVariance),
    };
  });
}

const NOTHING = { arms: [], sharedVariance: 0 };

interface DailyStep {
  readonly epoch: number;
  readonly variant: string;
  readonly day: bigint;
  /** Units that got their first value. */
  readonly n: number;
  /** By how much the sums over units of their values, and of their squares, grew. */
  readonly y: number;
  readonly yy: number;
}
type Enrolled = Pick<DailyStep, 'epoch' | 'variant' | 'day' | 'n'>;

function momentsUntil(
  day: number,
  {
    steps,
    enrolled,
    epoch,
    variant,
    metric,
  }: {
    steps: readonly DailyStep[];
    enrolled: readonly Enrolled[];
    epoch: number;
    variant: string;
    metric: Metric;
  },
): Moments {
  const own = <Row extends Enrolled>(rows: readonly Row[]) =>
    rows.filter((row) => row.epoch === epoch && row.variant === variant && Number(row.day) <= day);
  const grown = own(steps);
  const onlyMeasured = metric.kind === 'mean' && metric.missing === 'exclude';
  return fromSums({
    n: sumOf(onlyMeasured ? grown : own(enrolled), ({ n }) => n),
    sum: sumOf(grown, ({ y }) => y),
    squares: sumOf(grown, ({ yy }) => yy),
  });
}

/**
 * Whether the effect changes with the days since a unit's first exposure, by variant, over the units of today's weights.
 * Empty for metrics that do not add up by days, or before there are three days.
 */
export async function noveltyOf(
  connection: DuckDBConnection,
  { metric, scope: { experiment, asOfMs }, loaded, dialect }: OverTime,
): Promise<VariantNovelty[]> {
  if (!isDaily(metric) || metric.kind === 'mean') return [];
  const epoch = loaded.epochs.length - 1;
  const [oldest] = await rowsOf<{ first_ms: number | null }>(
    connection,
    `SELECT min(first_ms)::DOUBLE AS first_ms FROM unit WHERE state = 'analysed' AND epoch = ${epoch}`,
  );
  const days = Math.min(NOVELTY_DAYS.most, Math.floor((asOfMs - (oldest?.first_ms ?? asOfMs)) / DAY_MS));
  if (days < NOVELTY_DAYS.least) return [];
  const options = { dialect, epoch, days, asOfMs };
  const byDay = await rowsOf<{ variant: string; day: number; n: number; y: number; yy: number }>(
    connection,
    noveltyDaysSql(metric, options),
  );
  const slopes = await rowsOf<{ variant: string; n: number; mean: number; variance: number }>(
    connection,
    noveltySlopesSql(metric, options),
  );
  const momentsOn = (day: number, variant: string) => {
    const row = byDay.find((each) => each.day === day && each.variant === variant);
    return fromSums({ n: row?.n ?? 0, sum: row?.y ?? 0, squares: row?.yy ?? 0 });
  };
  const slopeOf = (variant: string) =>
    slopes.find((each) => each.variant === variant) ?? { n: 0, mean: 0, variance: 0 };
  const [control, ...others] = experiment.variants.map(({ key }) => key);
  if (control === undefined) return [];
  return others.map((variant) => ({
    variant,
    ...novelty(
      {
        days: Array.from({ length: days }, (_, day) => ({
          day,
          control: momentsOn(day, control),
          variant: momentsOn(day, variant),
        })),
        slopes: { control: slopeOf(control), variant: slopeOf(variant) },
      },
      OPTIONS,
    ),
  }));
}

function compareAll(
  variants: readonly string[],
  arms: readonly Moments[],
  sharedVariance: number,
): Comparison[] {
  const [control, ...others] = variants.map((key, index) => ({
    key,
    moments: arms[index] ?? { n: 0, mean: 0, variance: 0 },
  }));
  return control === undefined
    ? []
    : others.map((variant) => compareArms(control, variant, { ...OPTIONS, sharedVariance }));
}

function fromSums({
  n,
  sum,
  squares,
}: {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
}): Moments {
  if (n === 0) return { n, mean: 0, variance: 0 };
  const mean = sum / n;
  return { n, mean, variance: n < 2 ? 0 : Math.max(0, (squares - n * mean ** 2) / (n - 1)) };
}

function sumOf<Row>(rows: readonly Row[], value: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0);
}

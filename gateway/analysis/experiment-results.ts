import type { DuckDBConnection } from '@duckdb/node-api';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { type SampleRatio, sampleRatio } from '../../experiments/analysis/sample-ratio.ts';
import { type Verdict, verdictOf } from '../../experiments/analysis/verdict.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import type { Metric } from '../../experiments/metric.ts';
import { rowsOf } from '../pipeline/query.ts';
import { AS_SERVED, EXPOSURE_COUNTS, SERVING, UNIT_COUNTS } from './analysis-queries.ts';
import type { DigestState, LakeDigest } from './digest/lake-digest.ts';
import { type AnalysisScope, loadExperiment } from './experiment-tables.ts';
import { measureMetrics } from './measure-metrics.ts';
import { metricPlan } from './metric-plan.ts';
import { duckDbDialect } from './sql/dialect.ts';

export interface ResultsRequest extends AnalysisScope {
  /** Definitions of at least the metrics that the experiment names, the built-in ones aside. */
  readonly metrics: readonly Metric[];
  readonly digest: LakeDigest;
}

/** What the gateway did for one variant in one cloud, over every exposure. */
interface ServingResult {
  readonly variant: string;
  /** Where the answer came from; null where no target answered. */
  readonly cloud: string | null;
  readonly exposures: number;
  readonly errors: number;
  readonly errorRate: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly fallbacks: number;
}

export interface ExperimentResults {
  readonly experiment: string;
  readonly revision: number;
  /** ISO-8601. */
  readonly asOf: string;
  /** What of the lake it was made from. */
  readonly input: DigestState;
  readonly exposures: {
    readonly total: number;
    /** Units analysed. */
    readonly units: number;
    /** Units left out because they were seen in two variants. */
    readonly excludedUnits: number;
    /** Units left out because they were first seen under other weights than today's. */
    readonly earlierUnits: number;
    readonly byVariant: Readonly<Record<string, { readonly exposures: number; readonly units: number }>>;
  };
  readonly sampleRatio: SampleRatio;
  /** As assigned: the primary analysis. */
  readonly metrics: readonly MetricResult[];
  readonly serving: readonly ServingResult[];
  /** Answers by another target than the assigned one. */
  readonly fallbacks: number;
  /** What really answered for each variant. */
  readonly asServed: readonly {
    readonly variant: string;
    readonly target: string | null;
    readonly model: string | null;
    readonly version: string | null;
    readonly cloud: string | null;
    readonly exposures: number;
  }[];
  readonly verdict: Verdict;
}

/**
 * Reads an experiment's lake and says how it stands. Duplicates, delays and reordering of records change nothing.
 * Throws ObjectStoreError when the lake cannot be read, Problem `analysis-busy`, RangeError when a metric has no definition.
 */
export async function experimentResults(request: ResultsRequest): Promise<ExperimentResults> {
  const { experiment, digest, metrics: definitions, asOfMs } = request;
  const dialect = duckDbDialect(digest.lakeUri);
  const plan = metricPlan(experiment, definitions, dialect);
  return digest.withCurrent(async (connection, input) => {
    await loadExperiment(connection, request, { tallies: plan.tallies, dialect });
    const exposures = await countExposures(connection, experiment);
    const arms = experiment.variants.map(({ key, weight }) => ({
      units: exposures.byVariant[key]?.units ?? 0,
      weight,
    }));
    const ratio = sampleRatio(arms);
    const metrics = await measureMetrics(connection, request, { plan, dialect });
    const { fallbacks, ...counts } = exposures;
    return {
      experiment: experiment.key,
      revision: request.revision,
      asOf: new Date(asOfMs).toISOString(),
      input,
      exposures: counts,
      sampleRatio: ratio,
      metrics,
      serving: await servingOf(connection),
      fallbacks,
      asServed: await asServedOf(connection),
      verdict: verdictOf({ sampleRatio: ratio, metrics, excludedUnits: exposures.excludedUnits }),
    };
  });
}

async function countExposures(connection: DuckDBConnection, { variants }: Experiment) {
  const exposures = await rowsOf<{ variant: string; exposures: number; fallbacks: number }>(
    connection,
    EXPOSURE_COUNTS,
  );
  const units = await rowsOf<{ variant: string; state: string; units: number }>(connection, UNIT_COUNTS);
  const unitsIn = (state: string) => units.filter((row) => row.state === state);
  const analysed = unitsIn('analysed');
  const keys = new Set([...variants.map(({ key }) => key), ...exposures.map(({ variant }) => variant)]);
  return {
    total: sum(exposures.map((row) => row.exposures)),
    units: sum(analysed.map((row) => row.units)),
    excludedUnits: sum(unitsIn('crossed').map((row) => row.units)),
    earlierUnits: sum(unitsIn('earlier').map((row) => row.units)),
    byVariant: Object.fromEntries(
      [...keys].map((key) => [
        key,
        {
          exposures: exposures.find(({ variant }) => variant === key)?.exposures ?? 0,
          units: analysed.find(({ variant }) => variant === key)?.units ?? 0,
        },
      ]),
    ),
    fallbacks: sum(exposures.map((row) => row.fallbacks)),
  };
}

async function servingOf(connection: DuckDBConnection): Promise<ServingResult[]> {
  interface Row {
    variant: string;
    cloud: string | null;
    exposures: number;
    errors: number;
    fallbacks: number;
    latency: [number, number, number];
  }
  return (await rowsOf<Row>(connection, SERVING)).map(({ latency: [p50, p95, p99], ...row }) => ({
    ...row,
    errorRate: row.errors / row.exposures,
    latencyMs: { p50, p95, p99 },
  }));
}

async function asServedOf(connection: DuckDBConnection): Promise<ExperimentResults['asServed']> {
  interface Row {
    variant: string;
    served_target: string | null;
    model: string | null;
    version: string | null;
    cloud: string | null;
    exposures: number;
  }
  const rows = await rowsOf<Row>(connection, AS_SERVED);
  return rows.map(({ served_target: target, ...row }) => ({ ...row, target }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

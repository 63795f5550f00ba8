import type { DuckDBConnection } from '@duckdb/node-api';
import type { Method } from '../../experiments/analysis/method.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { type Verdict, verdictOf } from '../../experiments/analysis/verdict.ts';
import type { Standing } from '../../experiments/analysis/verdict-sentence.ts';
import type { Halt } from '../../experiments/halt.ts';
import type { Metric } from '../../experiments/metric.ts';
import { type BayesianResults, bayesianResults } from './bayesian-results.ts';
import type { DigestState, LakeDigest } from './digest/lake-digest.ts';
import { type AnalysisScope, isAdaptive, loadExperiment } from './experiment-tables.ts';
import { countExposures, type ExposureResults, type SplitResults, tenantsOf } from './exposure-results.ts';
import { heterogeneityOf, type VariantHeterogeneity } from './heterogeneity-results.ts';
import {
  ALWAYS_VALID,
  type Measuring,
  measureMetrics,
  type ReportedMetric,
  reported,
  resultsBy,
} from './measure-metrics.ts';
import { metricPlan } from './metric-plan.ts';
import { byOtherMethod, type OtherMethod } from './other-methods.ts';
import { type Estimator, estimatorOf } from './over-epochs.ts';
import { type PolicyValues, policyValues, type Weighting } from './policy-values.ts';
import { type DailyComparison, dailySeries, noveltyOf, type VariantNovelty } from './primary-over-time.ts';
import { type ExperimentProgress, progressOf } from './progress.ts';
import { queriesOf } from './queries-of.ts';
import {
  type AsServed,
  type AttributedOutcomes,
  asServedOf,
  attributedOutcomesOf,
  type ServingResult,
  servingOf,
} from './serving-results.ts';
import { duckDbDialect } from './sql/dialect.ts';
import { loadSegments, type SegmentUnits } from './unit-segments.ts';

export interface ResultsRequest extends AnalysisScope {
  /** Definitions of at least the metrics that the experiment names, the built-in ones aside. */
  readonly metrics: readonly Metric[];
  readonly digest: LakeDigest;
  /** Beside the always-valid one. */
  readonly methods?: readonly Method[];
  /** The primary metric over time and by dimension too. */
  readonly detailed?: boolean;
  /** A weighting that was not run, to be valued. */
  readonly weighting?: Weighting | null;
  /** For the verdict: an experiment that runs unless given. */
  readonly standing?: Standing;
  /** For the verdict: the experiment's variants that are halted. */
  readonly halts?: readonly Halt[];
}

export interface ExperimentResults extends SplitResults {
  readonly experiment: string;
  readonly revision: number;
  /** ISO-8601. */
  readonly asOf: string;
  /** What of the lake it was made from. */
  readonly input: DigestState;
  readonly exposures: ExposureResults;
  /** Of whom there are exposures. */
  readonly tenants: readonly string[];
  /** Periods of constant weights, in order; several are analysed as strata. */
  readonly epochs: readonly {
    readonly fromRevision: number;
    readonly from: string;
    readonly weights: Readonly<Record<string, number>>;
  }[];
  /** How those periods are put together; of an adaptive experiment by the weights that exposures were drawn with. */
  readonly estimator: Estimator;
  /** Whether a change of weights moved units: then outcomes count until the unit's period ends. */
  readonly moved: boolean;
  /** As assigned, always-valid: the primary analysis. */
  readonly metrics: readonly ReportedMetric[];
  /** By metric: DuckDB's SQL over the lake's own files that gives the moments the result was made of. */
  readonly queries: Readonly<Record<string, string>>;
  /** The same by the other methods that were asked for. */
  readonly otherMethods: readonly OtherMethod[];
  /** Null unless the experiment declares the effect that would matter. */
  readonly progress: ExperimentProgress | null;
  /** Null unless the experiment declares a prior. */
  readonly bayesian: BayesianResults | null;
  /** Null unless a weighting was asked for. */
  readonly policy: PolicyValues | null;
  /** Only units whose every answer came from the assigned target; empty where all did. Descriptive: not randomised. */
  readonly metricsAsServed: readonly MetricResult[];
  readonly serving: readonly ServingResult[];
  /** Answers by another target than the assigned one. */
  readonly fallbacks: number;
  readonly asServed: readonly AsServed[];
  readonly attribution: readonly AttributedOutcomes[];
  /** Of the primary metric, when it was asked for. */
  readonly detail: ResultsDetail | null;
  readonly verdict: Verdict;
}

/** The primary metric over time and by dimension. */
interface ResultsDetail {
  /** As it stood at the end of each day. */
  readonly series: readonly DailyComparison[];
  readonly novelty: readonly VariantNovelty[];
  readonly heterogeneity: readonly VariantHeterogeneity[];
}

/**
 * Reads an experiment's lake and says how it stands. Duplicates, delays and reordering of records change nothing.
 * Throws ObjectStoreError when the lake cannot be read, Problem `analysis-busy`, RangeError when a metric has no
 * definition.
 */
export async function experimentResults(request: ResultsRequest): Promise<ExperimentResults> {
  const { experiment, digest, metrics: definitions } = request;
  const dialect = duckDbDialect(digest.lakeUris);
  const plan = metricPlan(experiment, definitions, dialect);
  return digest.withCurrent(async (connection, input) => {
    const loaded = await loadExperiment(connection, request, { tallies: plan.tallies, dialect });
    return resultsOf(connection, { ...request, input }, { plan, dialect, loaded });
  });
}

async function resultsOf(
  connection: DuckDBConnection,
  request: ResultsRequest & { readonly input: DigestState },
  measuring: Measuring,
): Promise<ExperimentResults> {
  const {
    experiment,
    revision,
    asOfMs,
    input,
    standing,
    halts = [],
    methods = [],
    weighting = null,
  } = request;
  const { loaded } = measuring;
  const variants = experiment.variants.map(({ key }) => key);
  const segments = await loadSegments(connection);
  const { exposures, split, fallbacks } = await countExposures(connection, loaded, { variants, segments });
  const measured = await measureMetrics(connection, request, measuring);
  const results = resultsBy(ALWAYS_VALID, measured, request);
  const detail =
    request.detailed === true ? await detailOf(connection, request, { ...measuring, segments }) : null;
  const periods = loaded.epochs.length;
  const estimator = estimatorOf(periods, isAdaptive(request));
  const progress = await progressOf(connection, request, measured);
  const reportedMetrics = reported(results, measured, { unit: experiment.unit, estimator, periods });
  const tenants = await tenantsOf(connection);
  const serving = await servingOf(connection);
  const asOf = new Date(asOfMs).toISOString();
  const epochs = loaded.epochs.map(({ fromRevision, fromMs, weights }) => ({
    fromRevision,
    from: new Date(fromMs).toISOString(),
    weights: Object.fromEntries(weights),
  }));
  return {
    experiment: experiment.key,
    revision,
    asOf,
    input,
    exposures,
    tenants,
    ...split,
    epochs,
    estimator,
    moved: loaded.moved,
    metrics: reportedMetrics,
    queries: queriesOf(
      { metrics: reportedMetrics, asOf, epochs, moved: loaded.moved, tenants, serving },
      request,
      measuring,
    ),
    otherMethods: methods.map((method) => byOtherMethod(method, measured, request)),
    progress,
    bayesian: bayesianResults(experiment, measured),
    policy: weighting && policyValues(weighting, measured, request),
    metricsAsServed: fallbacks === 0 ? [] : await measureAsServed(connection, request, measuring),
    serving,
    fallbacks,
    asServed: await asServedOf(connection),
    attribution: await attributedOutcomesOf(connection),
    detail,
    verdict: verdictOf({
      ...split,
      metrics: results,
      halts,
      ...(standing === undefined ? {} : { standing }),
      ...(progress === null ? {} : { progress }),
      excludedUnits: exposures.excludedUnits,
      heterogeneity: detail?.heterogeneity.flatMap(({ dimensions }) => dimensions) ?? [],
      ...noveltyNote(detail),
    }),
  };
}

async function detailOf(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  { plan, loaded, dialect, segments }: Measuring & { readonly segments: readonly SegmentUnits[] },
): Promise<ResultsDetail> {
  const primary = plan.metrics.find(({ role }) => role === 'primary');
  if (primary === undefined) return { series: [], novelty: [], heterogeneity: [] };
  const of = { metric: primary.metric, scope, loaded, dialect };
  const dimensions = new Set(segments.map(({ dimension }) => dimension));
  return {
    series: await dailySeries(connection, of),
    novelty: await noveltyOf(connection, of),
    heterogeneity: await heterogeneityOf(connection, primary, { ...of, dimensions }),
  };
}

/** Of the variants the one whose effect changes most certainly. */
function noveltyNote(detail: ResultsDetail | null): { novelty?: VariantNovelty['trend'] } {
  const [clearest] = (detail?.novelty ?? []).map(({ trend }) => trend).toSorted((a, b) => a.p - b.p);
  return clearest === undefined ? {} : { novelty: clearest };
}

async function measureAsServed(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  measuring: Measuring,
): Promise<MetricResult[]> {
  const only = 'u.fallback_sum = 0';
  return resultsBy(ALWAYS_VALID, await measureMetrics(connection, scope, { ...measuring, only }), scope);
}

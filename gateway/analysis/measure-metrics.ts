import { DOUBLE, type DuckDBConnection, VARCHAR } from '@duckdb/node-api';
import { type ComparisonOptions, compareArms } from '../../experiments/analysis/comparison.ts';
import type { MetricResult } from '../../experiments/analysis/metric-result.ts';
import { type Moments, proportionMoments, withVarianceFloor } from '../../experiments/analysis/moments.ts';
import type { Experiment } from '../../experiments/experiment.ts';
import { BUILT_IN_METRICS, type Metric } from '../../experiments/metric.ts';
import { type Parameters, rowsOf } from '../pipeline/query.ts';
import {
  ERROR_SHARE_MOMENTS,
  LATENCY_MOMENTS,
  MEAN_MOMENTS,
  PROPORTION_MOMENTS,
} from './analysis-queries.ts';

/** 95 % intervals, tightest at 5,000 units: small effects are seen early without giving up much later. */
const SEQUENCE: ComparisonOptions = { alpha: 0.05, method: { kind: 'always-valid', tunedAt: 5_000 } };

/** One metric to be measured: where its moments come from and how to read them. */
interface PlannedMetric extends Pick<MetricResult, 'key' | 'role' | 'kind' | 'direction'> {
  readonly sql: string;
  readonly parameters: Parameters;
  /** Exactly 0 or 1 for each unit, so that the variance follows from the mean. */
  readonly binary: boolean;
}

export interface MetricPlan {
  readonly metrics: readonly PlannedMetric[];
  /** The outcome events that are needed. */
  readonly events: readonly string[];
}

/** Every metric of an experiment in order: primary, secondary, guardrails; the built-in guardrails are always there. */
export function metricPlan({ metrics: named }: Experiment, definitions: readonly Metric[]): MetricPlan {
  const primary = named === undefined ? [] : [named.primary];
  const roles = new Map<string, MetricResult['role']>();
  for (const key of [...(named?.guardrails ?? []), ...BUILT_IN_METRICS]) roles.set(key, 'guardrail');
  for (const key of named?.secondary ?? []) roles.set(key, 'secondary');
  for (const key of primary) roles.set(key, 'primary');
  const keys = new Set([...primary, ...(named?.secondary ?? []), ...roles.keys()]);
  const used = definitions.filter(({ key }) => keys.has(key));
  return {
    metrics: [...keys].map((key) => ({ ...sourceOf(key, used), key, role: roles.get(key) ?? 'secondary' })),
    events: [...new Set(used.map(({ event }) => event))],
  };
}

/** Measures each metric over the tables `unit` and `outcome` of this connection. */
export async function measureMetrics(
  connection: DuckDBConnection,
  experiment: Experiment,
  { metrics }: MetricPlan,
): Promise<MetricResult[]> {
  const results: MetricResult[] = [];
  for (const metric of metrics) results.push(await measure(connection, experiment, metric));
  return results;
}

async function measure(
  connection: DuckDBConnection,
  { variants }: Experiment,
  metric: PlannedMetric,
): Promise<MetricResult> {
  const rows = await rowsOf<Moments & { variant: string }>(connection, metric.sql, metric.parameters);
  const arms = variants.map(({ key, weight }) => {
    const found = rows.find(({ variant }) => variant === key) ?? { n: 0, mean: 0, variance: 0 };
    return { key, weight, moments: metric.binary ? proportionMoments(found.mean * found.n, found.n) : found };
  });
  const { key, role, kind, direction } = metric;
  const inference = kind === 'proportion' ? withVarianceFloor : (moments: Moments) => moments;
  const [control, ...others] = arms.map((arm) => ({ ...arm, moments: inference(arm.moments) }));
  return {
    key,
    role,
    kind,
    direction,
    variants: arms.map(({ key: variant, moments: { n, mean, variance } }) => ({
      key: variant,
      n,
      mean,
      standardDeviation: Math.sqrt(variance),
    })),
    comparisons:
      control === undefined
        ? []
        : others.filter(({ weight }) => weight > 0).map((variant) => compareArms(control, variant, SEQUENCE)),
  };
}

type MetricSource = Omit<PlannedMetric, 'key' | 'role'>;

function sourceOf(key: string, definitions: readonly Metric[]): MetricSource {
  if (key === 'error-rate') {
    return {
      kind: 'proportion',
      direction: 'decrease',
      sql: ERROR_SHARE_MOMENTS,
      parameters: {},
      binary: false,
    };
  }
  if (key === 'latency') {
    return { kind: 'mean', direction: 'decrease', sql: LATENCY_MOMENTS, parameters: {}, binary: false };
  }
  const metric = definitions.find((definition) => definition.key === key);
  if (metric === undefined)
    throw new RangeError(`metric "${key}" is not defined: define it or take it out of the experiment`);
  const { kind, direction, event, threshold, missing } = metric;
  const eventParameter = { event: { value: event, type: VARCHAR } };
  if (kind === 'proportion') {
    const parameters = { ...eventParameter, threshold: { value: threshold ?? null, type: DOUBLE } };
    return { kind, direction, sql: PROPORTION_MOMENTS, parameters, binary: true };
  }
  const parameters = { ...eventParameter, missing: { value: missing === 'zero' ? 0 : null, type: DOUBLE } };
  return { kind, direction, sql: MEAN_MOMENTS, parameters, binary: false };
}

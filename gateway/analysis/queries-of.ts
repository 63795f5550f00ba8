import type { AnalysisScope } from './experiment-tables.ts';
import type { ReportedMetric } from './measure-metrics.ts';
import type { ServingResult } from './serving-results.ts';
import type { Dialect } from './sql/dialect.ts';
import { metricQuery } from './sql/metric-query.ts';

/** What of results says how they were made. */
export interface Reproducible {
  readonly metrics: readonly ReportedMetric[];
  readonly asOf: string;
  readonly epochs: readonly { readonly fromRevision: number; readonly from: string }[];
  readonly moved: boolean;
  readonly tenants: readonly string[];
  readonly serving: readonly Pick<ServingResult, 'cost'>[];
}

/** Whose SQL, and what besides variants to tell units apart by. */
export interface QueryOptions {
  readonly dialect: Dialect;
  readonly dimension?: string;
}

/** By metric: what gives, over the lake itself, the moments that results were made of. */
export function queriesOf(
  { metrics, asOf, epochs, moved, tenants, serving }: Reproducible,
  { experiment, revision }: Pick<AnalysisScope, 'experiment' | 'revision'>,
  { dialect, dimension }: QueryOptions,
): Record<string, string> {
  const scope = {
    experiment,
    revision,
    // What was drawn before the first of them does not count.
    fromRevision: epochs[0]?.fromRevision ?? 0,
    asOfMs: Date.parse(asOf),
    fromMs: Date.parse(epochs[0]?.from ?? asOf),
    moved,
    tenants,
    priced: serving.some(({ cost }) => cost !== null),
    ...(dimension === undefined ? {} : { dimension }),
    epochs: epochs.map(({ fromRevision, from }) => ({ fromRevision, fromMs: Date.parse(from) })),
  };
  return Object.fromEntries(
    metrics.map(({ key, definition, variants }) => {
      const quantiles = new Map(
        variants.filter(({ n }) => n > 0).map((variant) => [variant.key, variant.mean]),
      );
      return [key, metricQuery(definition, { ...scope, quantiles }, dialect)];
    }),
  );
}

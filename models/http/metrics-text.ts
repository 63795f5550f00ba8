import { AggregatorRegistry, Registry } from 'prom-client';

/** A registry's metrics as it gives them to other processes (`getMetricsAsJSON`). */
export type Families = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;
type Sample = Families[number]['values'][number] & {
  readonly metricName?: string;
  readonly exemplar?: Exemplar | null;
};

interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/**
 * Metrics in the format that `accept` asks for: OpenMetrics 1.0, where exemplars show, or Prometheus's own text.
 * A registry of the library has one format, so what is written here are copies.
 */
export async function metricsText(
  families: Families,
  accept: string | undefined,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const openMetrics = accept?.includes('application/openmetrics-text') === true;
  const registry = openMetrics ? registryWithExemplars() : new Registry();
  for (const family of families) registry.registerMetric(asMetric(family));
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** The library's histograms have exemplars only where they are registered for OpenMetrics; its types know of one format. */
export function registryWithExemplars(): Registry {
  return new (Registry as unknown as new (contentType: string) => Registry)(
    Registry.OPENMETRICS_CONTENT_TYPE,
  );
}

/** The library renames counters for OpenMetrics, in place; what it is asked for must follow. */
function asMetric(family: Families[number]): Parameters<Registry['registerMetric']>[0] {
  const metric = {
    ...family,
    get: async () => ({ ...family, name: metric.name }),
  };
  return metric as never;
}

/** The metrics of several processes as those of one; of exemplars the newest of each bucket. */
export async function mergeFamilies(processes: readonly Families[]): Promise<Families> {
  const [first, ...others] = processes;
  if (first === undefined || others.length === 0) return first ?? [];
  const merged = await AggregatorRegistry.aggregate([...processes]).getMetricsAsJSON();
  const exemplars = newestExemplars(processes);
  return merged.map((family) => ({
    ...family,
    values: family.values.map((sample) => {
      const exemplar = exemplars.get(bucketOf(sample));
      return exemplar === undefined ? sample : { ...sample, exemplar };
    }),
  }));
}

function newestExemplars(processes: readonly Families[]): ReadonlyMap<string, Exemplar> {
  const newest = new Map<string, Exemplar>();
  for (const sample of processes.flat().flatMap(({ values }): readonly Sample[] => values)) {
    const { exemplar } = sample;
    if (exemplar === undefined || exemplar === null) continue;
    const bucket = bucketOf(sample);
    if ((newest.get(bucket)?.timestamp ?? 0) <= exemplar.timestamp) newest.set(bucket, exemplar);
  }
  return newest;
}

const bucketOf = ({ metricName, labels }: Sample) => `${metricName} ${JSON.stringify(labels)}`;

import type { LakeSource } from '../pipeline/lake-reader.ts';

/** A tenant's clock may be behind ours by this much without an outcome seeming to come before its exposure. */
export const CLOCK_SKEW_MS = 5_000;

const EXPOSURE_FILTER = 'experiment = $experiment AND revision <= $revision AND epoch_ms("at") <= $asOfMs';
const OUTCOME_FILTER =
  'unit_type = $unitType AND list_contains($events, event) AND epoch_ms(received_at) <= $asOfMs';

/**
 * Hashes of the ids that come more than once: few or none, so that all other rows need not be grouped by their ids,
 * which would cost most of the analysis. Two ids of one hash only take the longer way; no row is lost to it.
 */
const repeatedIds = (table: string, source: LakeSource, filter: string): string => `
  CREATE TEMP TABLE ${table} AS
  SELECT hash(tenant, id) AS h FROM ${source.sql} WHERE ${filter} GROUP BY h HAVING count(*) > 1`;

/** Parameters: experiment, revision, asOfMs. */
export const repeatedExposures = (source: LakeSource) =>
  repeatedIds('repeated_exposure', source, EXPOSURE_FILTER);
/** Parameters: unitType, events, asOfMs. */
export const repeatedOutcomes = (source: LakeSource) =>
  repeatedIds('repeated_outcome', source, OUTCOME_FILTER);

/** The rows of a source with each id once: of copies, the one that came first. */
const eachOnce = (
  source: LakeSource,
  { filter, repeated, first }: Record<'filter' | 'repeated' | 'first', string>,
) => `
  FROM ${source.sql} WHERE ${filter} AND hash(tenant, id) NOT IN (FROM ${repeated})
  UNION ALL
  FROM (
    SELECT DISTINCT ON (tenant, id) * FROM ${source.sql}
    WHERE ${filter} AND hash(tenant, id) IN (FROM ${repeated}) ORDER BY tenant, id, ${first}
  )`;

/** The exposures of the experiment, each id once. Parameters: experiment, revision, asOfMs. */
export const exposureTable = (source: LakeSource): string => `
  CREATE TEMP TABLE exposure AS
  SELECT tenant, unit, variant, revision, propensity_bp, epoch_ms("at") AS at_ms, served_target, model, version, cloud,
    fallback, (status >= 500 OR error IS NOT NULL) AS failed, latency_ms
  FROM (${eachOnce(source, { filter: EXPOSURE_FILTER, repeated: 'repeated_exposure', first: '"at"' })})`;

/**
 * Each unit once, with its variant and its first exposure. `state` says whether it is analysed: not when it was
 * seen in two variants, nor when it was first seen under other weights than today's (pooling units drawn with
 * different probabilities compares different times, not variants). Parameters: variants, weights.
 */
export const UNIT_TABLE = `
  CREATE TEMP TABLE unit AS
  WITH weight AS (SELECT unnest($variants) AS variant, unnest($weights) AS weight_bp),
  reweighted AS (
    SELECT coalesce(max(revision), -1) AS revision FROM exposure LEFT JOIN weight USING (variant)
    WHERE weight_bp IS DISTINCT FROM propensity_bp
  )
  SELECT tenant, unit, min(variant) AS variant, min(at_ms) AS first_at_ms,
    avg(failed::INTEGER) AS error_share, avg(latency_ms) AS latency_ms,
    CASE
      WHEN min(revision) <= (SELECT revision FROM reweighted) THEN 'earlier'
      WHEN min(variant) <> max(variant) THEN 'crossed'
      ELSE 'analysed'
    END AS state
  FROM exposure GROUP BY tenant, unit`;

/**
 * What the analysed units did since their first exposure, each id once. Parameters: unitType, events, asOfMs, skewMs.
 */
export const outcomeTable = (source: LakeSource): string => `
  CREATE TEMP TABLE outcome AS
  SELECT report.tenant, report.unit, report.event, report.value
  FROM (${eachOnce(source, { filter: OUTCOME_FILTER, repeated: 'repeated_outcome', first: 'received_at' })}) AS report
  JOIN unit USING (tenant, unit)
  WHERE unit.state = 'analysed' AND epoch_ms(report."at") >= unit.first_at_ms - $skewMs`;

export const EXPOSURE_COUNTS = `
  SELECT variant, count(*)::DOUBLE AS exposures, count(*) FILTER (fallback)::DOUBLE AS fallbacks
  FROM exposure GROUP BY variant`;

export const UNIT_COUNTS =
  'SELECT variant, state, count(*)::DOUBLE AS units FROM unit GROUP BY variant, state';

/** Per variant and cloud that answered; the cloud is null where none did. */
export const SERVING = `
  SELECT variant, cloud, count(*)::DOUBLE AS exposures, count(*) FILTER (failed)::DOUBLE AS errors,
    count(*) FILTER (fallback)::DOUBLE AS fallbacks, quantile_cont(latency_ms, [0.5, 0.95, 0.99]) AS latency
  FROM exposure GROUP BY variant, cloud ORDER BY variant, cloud NULLS LAST`;

export const AS_SERVED = `
  SELECT variant, served_target, model, version, cloud, count(*)::DOUBLE AS exposures
  FROM exposure GROUP BY ALL ORDER BY variant, exposures DESC, served_target`;

/** Count, mean and variance per variant over a value per analysed unit; units without one (null) are left out. */
const momentsOf = (perUnit: string): string => `
  SELECT variant, count(x)::DOUBLE AS n, coalesce(avg(x), 0) AS mean, coalesce(var_samp(x), 0) AS variance
  FROM (${perUnit}) GROUP BY variant`;

export const ERROR_SHARE_MOMENTS = momentsOf(
  `SELECT variant, error_share AS x FROM unit WHERE state = 'analysed'`,
);
export const LATENCY_MOMENTS = momentsOf(
  `SELECT variant, latency_ms AS x FROM unit WHERE state = 'analysed'`,
);

const perUnit = (aggregate: string, value: string): string => `
  SELECT variant, ${value} AS x
  FROM unit LEFT JOIN (
    SELECT tenant, unit, ${aggregate} AS seen FROM outcome WHERE event = $event GROUP BY tenant, unit
  ) USING (tenant, unit)
  WHERE state = 'analysed'`;

/** 1 for a unit that has the outcome (of at least the threshold, where one is given). Parameters: event, threshold. */
export const PROPORTION_MOMENTS = momentsOf(
  perUnit(
    'bool_or($threshold IS NULL OR coalesce(value >= $threshold, false))',
    'coalesce(seen, false)::DOUBLE',
  ),
);

/** The unit's mean value; `missing` (null: leave it out) for a unit without one. Parameters: event, missing. */
export const MEAN_MOMENTS = momentsOf(perUnit('avg(value)', 'coalesce(seen, $missing)'));

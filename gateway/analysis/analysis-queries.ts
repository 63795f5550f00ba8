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

import { type DuckDBConnection, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { execute, rowsOf } from '../pipeline/query.ts';

/** Of a dimension, the values that are looked at one by one: those with the most units. */
const MOST_SEGMENTS = 20;
/** All the others together; dimensions are recorded under the same name where they have too many values. */
const OTHER = '(other)';
/** Units whose first exposure says nothing of the dimension. */
export const NO_SEGMENT = '(none)';

/** The units of a variant and epoch in one segment: a value of a dimension, or `(other)`, or `(none)`. */
export interface SegmentUnits {
  readonly dimension: string;
  readonly segment: string;
  readonly variant: string;
  readonly epoch: number;
  readonly units: number;
}

/**
 * Makes, beside the tables of `loadExperiment`, `unit_cell` (what each analysed unit's first exposure was like) and
 * `segment` (the segment of each such likeness in each dimension: `tenant`, and what endpoints record), and counts
 * units by segment. A unit's segment is that of its first exposure, so that no variant can have moved it there.
 * Dimensions in which nobody differs are left out.
 */
export async function loadSegments(connection: DuckDBConnection): Promise<SegmentUnits[]> {
  const dimensions = await dimensionNames(connection);
  if (dimensions.length === 0) return [];
  await execute(connection, UNIT_CELL, {});
  await execute(connection, SEGMENT, {
    dimensions: { value: listValue(dimensions), type: LIST(VARCHAR) },
  });
  const found = await rowsOf<SegmentUnits>(connection, SEGMENT_UNITS);
  return [...Map.groupBy(found, ({ dimension }) => dimension).values()].flatMap((rows) =>
    rows.every(({ segment }) => segment === rows[0]?.segment) ? [] : rows,
  );
}

async function dimensionNames(connection: DuckDBConnection): Promise<string[]> {
  const [tenants] = await rowsOf<{ n: bigint }>(
    connection,
    'SELECT count(DISTINCT tenant) AS n FROM exposure_count',
  );
  const recorded = await rowsOf<{ name: string }>(
    connection,
    'SELECT DISTINCT unnest(map_keys(dimensions)) AS name FROM exposure_count ORDER BY name',
  );
  const several = tenants !== undefined && tenants.n > 1n;
  return [...new Set([...(several ? ['tenant'] : []), ...recorded.map(({ name }) => name)])];
}

/** Of exposures in the same millisecond any counts, as long as it is always the same one. */
const UNIT_CELL = `
  CREATE TEMP TABLE unit_cell AS
  SELECT u.unit_id, u.variant, u.epoch, min(e.cell_h) AS cell_h
  FROM exposure e JOIN unit u ON u.unit_id = e.unit_id AND u.first_ms = e.at_ms
  WHERE u.state = 'analysed' GROUP BY ALL`;

const SEGMENT = `
  CREATE TEMP TABLE segment AS
  WITH valued AS (
    SELECT s.cell_h, s.units, d.dimension,
      coalesce(map_concat(MAP {'tenant': c.tenant}, c.dimensions)[d.dimension], '${NO_SEGMENT}') AS value
    FROM (SELECT cell_h, count(*) AS units FROM unit_cell GROUP BY cell_h) s
      JOIN exposure_cell c USING (cell_h), (SELECT unnest($dimensions) AS dimension) d
  ), ranked AS (
    SELECT dimension, value, row_number() OVER (PARTITION BY dimension ORDER BY sum(units) DESC, value) AS place
    FROM valued GROUP BY dimension, value
  )
  SELECT cell_h, dimension, CASE WHEN place <= ${MOST_SEGMENTS} THEN value ELSE '${OTHER}' END AS segment
  FROM valued JOIN ranked USING (dimension, value)`;

const SEGMENT_UNITS = `
  SELECT dimension, segment, variant, epoch, sum(units)::DOUBLE AS units
  FROM (SELECT cell_h, variant, epoch, count(*) AS units FROM unit_cell GROUP BY ALL) JOIN segment USING (cell_h)
  GROUP BY ALL ORDER BY dimension, segment`;

import type { DuckDBConnection } from '@duckdb/node-api';
import { type SampleRatio, sampleRatio } from '../../experiments/analysis/sample-ratio.ts';
import {
  type GroupedSampleRatio,
  type SampledGroup,
  sampleRatioBy,
} from '../../experiments/analysis/sample-ratio-by.ts';
import {
  type SequentialSampleRatio,
  sequentialSampleRatio,
} from '../../experiments/analysis/sequential-sample-ratio.ts';
import { rowsOf } from '../pipeline/query.ts';
import { sampledArms } from './epochs.ts';
import type { LoadedExperiment } from './experiment-tables.ts';
import type { SegmentUnits } from './unit-segments.ts';

export interface ExposureResults {
  readonly total: number;
  /** Units analysed. */
  readonly units: number;
  /** Units left out because they were seen in two variants under the same weights. */
  readonly excludedUnits: number;
  /** Units first seen under other weights than today's: analysed as strata of their own. */
  readonly earlierUnits: number;
  readonly byVariant: Readonly<Record<string, { readonly exposures: number; readonly units: number }>>;
}

/** Whether units fell to the variants as the weights say. */
export interface SplitResults {
  readonly sampleRatio: SampleRatio;
  /** For looks at any time. */
  readonly sequentialSampleRatio: SequentialSampleRatio;
  /** By day of first exposure, by tenant, and by what the endpoint records: each value's units at their first exposure. */
  readonly sampleRatioGroups: readonly {
    readonly dimension: string;
    readonly groups: readonly GroupedSampleRatio[];
  }[];
}

/** The days that are looked at one by one; of more, the last ones. */
const MOST_DAYS = 60;

interface UnitCount {
  readonly variant: string;
  readonly epoch: number;
  readonly state: string;
  readonly day: string;
  readonly units: number;
}

/** How many exposures and units there are, and how the units fell to the variants. */
export async function countExposures(
  connection: DuckDBConnection,
  { epochs }: LoadedExperiment,
  {
    variants,
    segments,
  }: { readonly variants: readonly string[]; readonly segments: readonly SegmentUnits[] },
): Promise<{
  readonly exposures: ExposureResults;
  readonly split: SplitResults;
  readonly fallbacks: number;
}> {
  const exposures = await rowsOf<{ variant: string; exposures: number; fallbacks: number }>(
    connection,
    `SELECT variant, sum(n) AS exposures, coalesce(sum(n) FILTER (fallback), 0) AS fallbacks
     FROM exposure_count GROUP BY variant`,
  );
  const units = await rowsOf<UnitCount>(
    connection,
    `SELECT variant, epoch, state, strftime(make_timestamp(first_ms * 1000), '%Y-%m-%d') AS day,
       count(*)::DOUBLE AS units
     FROM unit GROUP BY ALL ORDER BY day`,
  );
  const analysed = units.filter(({ state }) => state === 'analysed');
  const unitsIn = (rows: readonly UnitCount[]) => rows.reduce((sum, row) => sum + row.units, 0);
  const keys = new Set([...variants, ...exposures.map(({ variant }) => variant)]);
  const split = splitOf(analysed, segments, { epochs, variants: [...keys] });
  return {
    exposures: {
      total: exposures.reduce((sum, row) => sum + row.exposures, 0),
      units: unitsIn(analysed),
      excludedUnits: unitsIn(units.filter(({ state }) => state === 'crossed')),
      earlierUnits: unitsIn(analysed.filter(({ epoch }) => epoch < epochs.length - 1)),
      byVariant: Object.fromEntries(
        [...keys].map((key) => [
          key,
          {
            exposures: exposures.find(({ variant }) => variant === key)?.exposures ?? 0,
            units: unitsIn(analysed.filter(({ variant }) => variant === key)),
          },
        ]),
      ),
    },
    split,
    fallbacks: exposures.reduce((sum, row) => sum + row.fallbacks, 0),
  };
}

/** Of whom there are exposures, by key. */
export async function tenantsOf(connection: DuckDBConnection): Promise<string[]> {
  const rows = await rowsOf<{ tenant: string }>(
    connection,
    'SELECT DISTINCT tenant FROM exposure_count ORDER BY tenant',
  );
  return rows.map(({ tenant }) => tenant);
}

type Counted = Pick<UnitCount, 'variant' | 'epoch' | 'units'>;

function splitOf(
  analysed: readonly UnitCount[],
  segments: readonly SegmentUnits[],
  { epochs, variants }: { readonly epochs: LoadedExperiment['epochs']; readonly variants: readonly string[] },
): SplitResults {
  const armsOf = (rows: readonly Counted[]) =>
    sampledArms(epochs, {
      variants,
      unitsOf: (variant, epoch) =>
        rows
          .filter((row) => row.variant === variant && row.epoch === epoch)
          .reduce((sum, row) => sum + row.units, 0),
    });
  const groupOf = <Row extends Counted>([group, rows]: readonly [string, readonly Row[]]) => {
    const { byEpoch, overall } = armsOf(rows);
    return { group, arms: overall, epochs: byEpoch };
  };
  const { byEpoch, overall } = armsOf(analysed);
  const days = [...Map.groupBy(analysed, ({ day }) => day)].slice(-MOST_DAYS).map(groupOf);
  return {
    sampleRatio: sampleRatio(overall),
    sequentialSampleRatio: sequentialSampleRatio(byEpoch),
    sampleRatioGroups: [
      { dimension: 'day of first exposure', groups: sampleRatioBy(days) },
      ...splitBySegment(segments, groupOf),
    ],
  };
}

/** The segments of all dimensions are one family; within a dimension the largest come first. */
function splitBySegment(
  segments: readonly SegmentUnits[],
  groupOf: (rows: readonly [string, readonly SegmentUnits[]]) => SampledGroup,
): SplitResults['sampleRatioGroups'] {
  const groups = [...Map.groupBy(segments, ({ dimension }) => dimension)].flatMap(([dimension, rows]) =>
    [...Map.groupBy(rows, ({ segment }) => segment)].map((of) => ({ dimension, ...groupOf(of) })),
  );
  const judged = sampleRatioBy(groups, 'any-time').map((ratio, index) => ({
    dimension: groups[index]?.dimension ?? '',
    ratio,
  }));
  return [...Map.groupBy(judged, ({ dimension }) => dimension)].map(([dimension, own]) => ({
    dimension,
    groups: own.map(({ ratio }) => ratio).toSorted((a, b) => b.units - a.units),
  }));
}

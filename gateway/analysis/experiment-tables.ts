import type { DuckDBConnection } from '@duckdb/node-api';
import type { Experiment } from '../../experiments/experiment.ts';
import { execute, rowsOf } from '../pipeline/query.ts';
import { type Epoch, readEpochs } from './epochs.ts';
import type { Dialect } from './sql/dialect.ts';
import type { Tallies } from './sql/tallies.ts';
import { movedUnitsSql, tallySql, type UnitScope, unitSql } from './sql/unit-query.ts';

/** What an analysis is of: an experiment as it was at a revision and a moment. */
export interface AnalysisScope {
  readonly experiment: Experiment;
  /** Exposures up to this revision count. */
  readonly revision: number;
  /** And from this one on, where units were drawn anew with it; all before unless given. */
  readonly fromRevision?: number;
  /** Milliseconds since the epoch: what was used or taken in later does not count. */
  readonly asOfMs: number;
  /** Whether weights have followed the outcomes; unless given, whether a bandit sets them now. */
  readonly adaptive?: boolean;
}

/** Whether weights have followed the outcomes: then periods are put together in another way. */
export function isAdaptive({
  experiment,
  adaptive,
}: Pick<AnalysisScope, 'experiment' | 'adaptive'>): boolean {
  return adaptive ?? experiment.bandit !== undefined;
}

/** The tables of an experiment, as a connection has them. */
export interface LoadedExperiment extends UnitScope {
  readonly epochs: readonly Epoch[];
}

/**
 * Makes, on a connection with the digest, what every query of the analysis reads: the views `exposure` and `outcome`
 * (each record once) and the tables `exposure_cell`, `exposure_count`, `unit` (each unit once) and `tally` (what it did).
 */
export async function loadExperiment(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  { tallies, dialect }: { readonly tallies: Tallies; readonly dialect: Dialect },
): Promise<LoadedExperiment> {
  await execute(connection, cellTable(scope, dialect), {});
  await execute(connection, exposureView(scope), {});
  await execute(connection, numberedExposureView(scope), {});
  await execute(connection, exposureCountTable(scope), {});
  await execute(connection, outcomeView(scope, { tallies, dialect }), {});
  const epochs = await readEpochs(connection, scope.experiment);
  const loaded = {
    epochs,
    moved: epochs.length > 1 && (await isAny(connection, movedUnitsSql({ epochs }, 'numbered_exposure'))),
    priced: await isAny(connection, 'SELECT coalesce(sum(priced), 0) AS n FROM exposure_count'),
  };
  await execute(connection, unitTable(loaded, dialect), {});
  await execute(connection, `CREATE TEMP TABLE tally AS ${tallySql(tallies, loaded, dialect)}`, {});
  return loaded;
}

/** Whether the one number `n` of the query is above 0. */
async function isAny(connection: DuckDBConnection, sql: string): Promise<boolean> {
  const [row] = await rowsOf<{ n: bigint | number }>(connection, sql);
  return row !== undefined && row.n > 0;
}

/** Which revisions count. */
export const revisionsSql = (
  column: string,
  { revision, fromRevision = 0 }: Pick<AnalysisScope, 'revision' | 'fromRevision'>,
) => `${column} BETWEEN ${fromRevision} AND ${revision}`;

/** What exposures of the experiment have in common; `arm` and `place`: variant, and variant and cloud, as numbers. */
const cellTable = ({ experiment, ...scope }: AnalysisScope, { text }: Dialect) => `
  CREATE TEMP TABLE exposure_cell AS
  SELECT *, dense_rank() OVER (ORDER BY variant)::INTEGER AS arm,
    dense_rank() OVER (ORDER BY variant, cloud)::INTEGER AS place
  FROM digest.exposure_cell
  WHERE experiment = ${text(experiment.key)} AND ${revisionsSql('revision', scope)}`;

const exposureView = ({ asOfMs }: AnalysisScope) => `
  CREATE TEMP VIEW exposure AS
  SELECT r.unit_h AS unit_id, r.id_h, r.at_ms, r.latency_ms, r.cost, c.* EXCLUDE (cell)
  FROM digest.exposure r JOIN exposure_cell c ON c.cell = r.cell WHERE r.at_ms <= ${asOfMs}`;

/** What units are made of, with a number for the variant: to compare texts takes most of the time otherwise. */
const numberedExposureView = ({ asOfMs }: AnalysisScope) => `
  CREATE TEMP VIEW numbered_exposure AS
  SELECT r.unit_h AS unit_id, r.at_ms, r.latency_ms, r.cost, c.arm AS variant, c.revision, c.failed, c.fallback
  FROM digest.exposure r JOIN exposure_cell c ON c.cell = r.cell WHERE r.at_ms <= ${asOfMs}`;

const unitTable = (scope: UnitScope, dialect: Dialect) => `
  CREATE TEMP TABLE unit AS
  SELECT u.* REPLACE (a.variant AS variant) FROM (${unitSql(scope, dialect, 'numbered_exposure')}) u
  JOIN (SELECT DISTINCT arm, variant FROM exposure_cell) a ON a.arm = u.variant`;

/** One row per combination of attributes: how many exposures it has (`n`), since when, of how many the cost is known. */
const exposureCountTable = ({ asOfMs }: AnalysisScope) => `
  CREATE TEMP TABLE exposure_count AS
  SELECT r.n, r.priced, r.cost, r.from_ms, c.* EXCLUDE (cell, cell_h)
  FROM (
    SELECT cell, count(*)::DOUBLE AS n, count(cost)::DOUBLE AS priced, sum(cost) AS cost,
      min(at_ms)::DOUBLE AS from_ms
    FROM digest.exposure WHERE at_ms <= ${asOfMs} GROUP BY cell
  ) r JOIN exposure_cell c ON c.cell = r.cell`;

const outcomeView = (
  { experiment, asOfMs }: AnalysisScope,
  { tallies, dialect: { text } }: { readonly tallies: Tallies; readonly dialect: Dialect },
) => `
  CREATE TEMP VIEW outcome AS
  SELECT r.unit_h AS unit_id, r.at_ms, r.value, r.request_h, c.event
  FROM digest.outcome r JOIN digest.outcome_cell c ON c.cell = r.cell
  WHERE c.unit_type = ${text(experiment.unit)} AND r.received_ms <= ${asOfMs}
    AND list_contains([${tallies.events.map(text).join(', ')}], c.event)`;

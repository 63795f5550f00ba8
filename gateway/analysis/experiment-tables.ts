import type { DuckDBConnection } from '@duckdb/node-api';
import type { Experiment } from '../../experiments/experiment.ts';
import { execute, rowsOf } from '../pipeline/query.ts';
import type { Dialect } from './sql/dialect.ts';
import type { Tallies } from './sql/tallies.ts';
import { tallySql, unitSql } from './sql/unit-query.ts';

/** What an analysis is of: an experiment as it was at a revision and a moment. */
export interface AnalysisScope {
  readonly experiment: Experiment;
  /** Exposures up to this revision count. */
  readonly revision: number;
  /** Milliseconds since the epoch: what was used or taken in later does not count. */
  readonly asOfMs: number;
}

/**
 * Makes, on a connection with the digest, what every query of the analysis reads: the views `exposure` and `outcome`
 * (each record once) and the tables `unit` (each unit once) and `tally` (what it did).
 */
export async function loadExperiment(
  connection: DuckDBConnection,
  scope: AnalysisScope,
  { tallies, dialect }: { readonly tallies: Tallies; readonly dialect: Dialect },
): Promise<void> {
  await execute(connection, exposureView(scope, dialect), {});
  await execute(connection, outcomeView(scope, { tallies, dialect }), {});
  const sinceRevision = await firstRevisionOfTodaysWeights(connection, scope.experiment);
  await execute(connection, `CREATE TEMP TABLE unit AS ${unitSql({ sinceRevision })}`, {});
  await execute(connection, `CREATE TEMP TABLE tally AS ${tallySql(tallies, dialect)}`, {});
}

const exposureView = ({ experiment, revision, asOfMs }: AnalysisScope, { text }: Dialect) => `
  CREATE TEMP VIEW exposure AS
  SELECT r.unit_h AS unit_id, r.at_ms, r.latency_ms, c.* EXCLUDE (cell, cell_h)
  FROM digest.exposure r JOIN digest.exposure_cell c ON c.cell = r.cell
  WHERE c.experiment = ${text(experiment.key)} AND c.revision <= ${revision} AND r.at_ms <= ${asOfMs}`;

const outcomeView = (
  { experiment, asOfMs }: AnalysisScope,
  { tallies, dialect: { text } }: { readonly tallies: Tallies; readonly dialect: Dialect },
) => `
  CREATE TEMP VIEW outcome AS
  SELECT r.unit_h AS unit_id, r.at_ms, r.value, c.event
  FROM digest.outcome r JOIN digest.outcome_cell c ON c.cell = r.cell
  WHERE c.unit_type = ${text(experiment.unit)} AND r.received_ms <= ${asOfMs}
    AND list_contains([${tallies.events.map(text).join(', ')}], c.event)`;

/** The first revision from which on units were drawn with the weights that the experiment has. */
async function firstRevisionOfTodaysWeights(
  connection: DuckDBConnection,
  { variants }: Experiment,
): Promise<number> {
  const drawn = await rowsOf<{ revision: number; variant: string; propensity_bp: number }>(
    connection,
    'SELECT DISTINCT revision, variant, propensity_bp FROM exposure',
  );
  const weights = new Map(variants.map(({ key, weight }) => [key, weight]));
  const otherwise = drawn.filter(({ variant, propensity_bp }) => weights.get(variant) !== propensity_bp);
  return Math.max(-1, ...otherwise.map(({ revision }) => revision)) + 1;
}

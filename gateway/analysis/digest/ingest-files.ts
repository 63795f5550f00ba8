import { type DuckDBConnection, INTEGER, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { literalPath } from '../../pipeline/duckdb.ts';
import { execute, rowsOf } from '../../pipeline/query.ts';
import type { DigestTable } from './digest-schema.ts';

/**
 * Adds the rows of these Parquet files, which get the numbers from `firstFile` on, to the digest `digest` of the connection, each id once: of copies, here or in the
 * digest already, the first counts. Memory grows with the rows of the files, not with those of the digest.
 */
export async function ingestFiles(
  connection: DuckDBConnection,
  table: DigestTable,
  { paths, firstFile }: { readonly paths: readonly string[]; readonly firstFile: number },
): Promise<void> {
  const parameters = { paths: { value: listValue(paths.map(literalPath)), type: LIST(VARCHAR) } };
  await execute(connection, newCellsSql(table), parameters);
  await execute(connection, incomingSql(table), {
    ...parameters,
    firstFile: { value: firstFile, type: INTEGER },
  });
  await execute(connection, clashSql(table), {});
  const [clashes] = await rowsOf<{ n: number }>(connection, 'SELECT count(*)::DOUBLE AS n FROM clash');
  if (clashes?.n !== 0) for (const sql of settleClashesSql(table)) await execute(connection, sql, {});
  await execute(connection, `INSERT INTO digest.${table.rows} BY NAME SELECT * FROM incoming`, {});
  for (const name of ['incoming', 'clash']) await execute(connection, `DROP TABLE ${name}`, {});
}

const SOURCE = `read_parquet($paths, union_by_name = true, hive_partitioning = true,
  hive_types = { 'tenant': VARCHAR, 'date': DATE })`;

const selected = (fields: DigestTable['attributes']) =>
  Object.entries(fields).map(([name, { from, type }]) => `${from}::${type} AS "${name}"`);
const cellHash = ({ attributes }: DigestTable) =>
  `hash(${Object.values(attributes)
    .map(({ from }) => from)
    .join(', ')})`;

/** Combinations that the digest has not seen yet get the next numbers. */
function newCellsSql(table: DigestTable): string {
  const { cells, attributes } = table;
  return `
    INSERT INTO digest.${cells} BY NAME
    SELECT (row_number() OVER () + (SELECT count(*) FROM digest.${cells}))::INTEGER AS cell, *
    FROM (SELECT DISTINCT ${cellHash(table)} AS cell_h, ${selected(attributes).join(', ')} FROM ${SOURCE})
    WHERE cell_h NOT IN (SELECT cell_h FROM digest.${cells})`;
}

function incomingSql(table: DigestTable): string {
  const { cells, measures } = table;
  return `
    CREATE TEMP TABLE incoming AS
    SELECT id_h, unit_h, cell.cell, ($firstFile + file_index)::INTEGER AS file, ${Object.keys(measures).join(', ')}
    FROM (
      SELECT hash(tenant, id) AS id_h, hash(tenant, unit) AS unit_h, ${cellHash(table)} AS cell_h, file_index,
        ${selected(measures).join(', ')}
      FROM ${SOURCE}
    ) JOIN digest.${cells} AS cell USING (cell_h)`;
}

/** Hashes of ids that come more than once; none, nearly always. */
const clashSql = ({ rows }: DigestTable) => `
  CREATE TEMP TABLE clash AS
  SELECT id_h FROM (
    SELECT id_h FROM incoming
    UNION ALL SELECT id_h FROM digest.${rows} SEMI JOIN incoming USING (id_h)
  ) GROUP BY id_h HAVING count(*) > 1`;

/** Leaves one copy of each, and notes which files had the others. */
function settleClashesSql({ rows, first }: DigestTable): string[] {
  return [
    `CREATE TEMP TABLE copy AS
     SELECT * FROM (
       SELECT *, row_number() OVER (PARTITION BY id_h ORDER BY ${first}, file) AS rank FROM (
         SELECT * FROM incoming SEMI JOIN clash USING (id_h)
         UNION ALL BY NAME SELECT * FROM digest.${rows} SEMI JOIN clash USING (id_h)
       )
     )`,
    `INSERT INTO digest.overlap
     SELECT DISTINCT kept.file, dropped.file FROM copy AS kept JOIN copy AS dropped USING (id_h)
     WHERE kept.rank = 1 AND dropped.rank > 1 AND kept.file <> dropped.file`,
    `DELETE FROM digest.${rows} WHERE id_h IN (SELECT id_h FROM clash)`,
    'DELETE FROM incoming WHERE id_h IN (SELECT id_h FROM clash)',
    'INSERT INTO incoming BY NAME SELECT * EXCLUDE (rank) FROM copy WHERE rank = 1',
    'DROP TABLE copy',
  ];
}

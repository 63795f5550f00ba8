import { type DuckDBConnection, INTEGER, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { literalPath } from '../../pipeline/duckdb.ts';
import { emptyRelation } from '../../pipeline/parquet-file.ts';
import { execute, type Parameters, rowsOf } from '../../pipeline/query.ts';
import type { DigestTable } from './digest-schema.ts';

/**
 * Adds the rows of these Parquet files, which get the numbers from `firstFile` on, to the digest `digest` of the
 * connection. An id that is there twice then is for `settleCopies`.
 */
export async function ingestFiles(
  connection: DuckDBConnection,
  table: DigestTable,
  { paths, firstFile }: { readonly paths: readonly string[]; readonly firstFile: number },
): Promise<void> {
  const files: Parameters = { paths: { value: listValue(paths.map(literalPath)), type: LIST(VARCHAR) } };
  const first: Parameters = { firstFile: { value: firstFile, type: INTEGER } };
  const found = async (sql: string, parameters: Parameters = {}) =>
    (await rowsOf(connection, `${sql} LIMIT 1`, parameters)).length > 0;
  if (!(await found(`SELECT 1 FROM digest.${table.cells}`)))
    await execute(connection, newCellsSql(table), files);
  await execute(connection, insertSql(table), { ...files, ...first });
  // Combinations are nearly always known, and looking for new ones first would be reading everything twice.
  const added = `digest.${table.rows} WHERE file >= $firstFile`;
  if (!(await found(`SELECT 1 FROM ${added} AND cell IS NULL`, first))) return;
  await execute(connection, `DELETE FROM ${added}`, first);
  await execute(connection, newCellsSql(table), files);
  await execute(connection, insertSql(table), { ...files, ...first });
}

/** Files of older versions lack newer columns. */
const sourceOf = ({ kind }: DigestTable) => `(
  SELECT *, file_index FROM read_parquet($paths, union_by_name = true, hive_partitioning = true,
    hive_types = { 'tenant': VARCHAR, 'date': DATE })
  UNION ALL BY NAME SELECT *, NULL::UBIGINT AS file_index FROM ${emptyRelation(kind)})`;

const selected = (fields: DigestTable['attributes']) =>
  Object.entries(fields).map(([name, { from, type }]) => `${from}::${type} AS "${name}"`);
/** Of each attribute first: what comes out of Parquet's dictionaries is hashed once per entry, not per row. */
const cellHash = ({ attributes }: DigestTable) =>
  `hash(${Object.values(attributes)
    .map(({ from }) => `hash(${from})`)
    .join(', ')})`;

/** Combinations that the digest has not seen yet get the next numbers. */
function newCellsSql(table: DigestTable): string {
  const { cells, attributes } = table;
  return `
    INSERT INTO digest.${cells} BY NAME
    SELECT (row_number() OVER () + (SELECT count(*) FROM digest.${cells}))::INTEGER AS cell, *
    FROM (SELECT DISTINCT ${cellHash(table)} AS cell_h, ${selected(attributes).join(', ')} FROM ${sourceOf(table)})
    WHERE cell_h NOT IN (SELECT cell_h FROM digest.${cells})`;
}

/** Rows of a combination that has no number yet have null for it. */
function insertSql(table: DigestTable): string {
  return `
    INSERT INTO digest.${table.rows} BY NAME
    SELECT incoming.* EXCLUDE (cell_h), cell.cell FROM (
      SELECT hash(tenant, id) AS id_h, hash(tenant, unit) AS unit_h, ${cellHash(table)} AS cell_h,
        ($firstFile + file_index)::INTEGER AS file, ${selected(table.measures).join(', ')}
      FROM ${sourceOf(table)}
    ) AS incoming LEFT JOIN digest.${table.cells} AS cell USING (cell_h)`;
}

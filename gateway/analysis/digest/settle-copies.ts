import type { DuckDBConnection } from '@duckdb/node-api';
import { execute, rowsOf } from '../../pipeline/query.ts';
import type { DigestTable } from './digest-schema.ts';
import { inTransaction } from './in-transaction.ts';

/** Ids that are compared at a time: bounds memory. */
const IDS_AT_A_TIME = 5_000_000;

/**
 * Leaves one copy of each id in the digest: the first. Only ids of files that are not settled yet can have come
 * twice; they are settled after this. Which files had the other copies is noted.
 */
export async function settleCopies(connection: DuckDBConnection, table: DigestTable): Promise<void> {
  if (await isSettled(connection, table)) return;
  const [{ added, rows } = NOTHING] = await rowsOf<typeof NOTHING>(connection, unsettledSql(table));
  await inTransaction(connection, async () => {
    await execute(connection, 'CREATE TEMP TABLE clash (id_h UBIGINT)', {});
    const parts = Math.ceil(Number(added) / IDS_AT_A_TIME);
    for (let part = 0; part < parts; part += 1)
      await execute(connection, clashSql(table, { part, parts, all: added === rows }), {});
    const [clashes] = await rowsOf<{ n: bigint }>(connection, 'SELECT count(*) AS n FROM clash');
    if (clashes?.n !== 0n) for (const sql of settleSql(table)) await execute(connection, sql, {});
    await execute(connection, `UPDATE digest.file SET settled = true WHERE kind = '${table.kind}'`, {});
    await execute(connection, 'DROP TABLE clash', {});
  });
}

const NOTHING = { added: 0n, rows: 0n };

async function isSettled(connection: DuckDBConnection, { kind }: DigestTable): Promise<boolean> {
  const sql = `SELECT 1 FROM digest.file WHERE kind = '${kind}' AND NOT settled LIMIT 1`;
  return (await rowsOf(connection, sql)).length === 0;
}

const unsettledSql = ({ rows, kind }: DigestTable) => `
  SELECT count(*) FILTER (file IN (SELECT file FROM digest.file WHERE kind = '${kind}' AND NOT settled)) AS added,
    count(*) AS rows
  FROM digest.${rows}`;

interface Part {
  readonly part: number;
  readonly parts: number;
  /** Whether nothing is settled yet. */
  readonly all: boolean;
}

/** Hashes of ids that are there more than once; none, nearly always. */
function clashSql({ rows, kind }: DigestTable, { part, parts, all }: Part): string {
  const inPart = parts === 1 ? 'TRUE' : `id_h % ${parts} = ${part}`;
  const added = `SELECT id_h FROM digest.${rows} SEMI JOIN (
      SELECT file FROM digest.file WHERE kind = '${kind}' AND NOT settled) USING (file) WHERE ${inPart}`;
  const candidates = all ? '' : `SEMI JOIN (${added}) USING (id_h)`;
  return `
  INSERT INTO clash
  SELECT id_h FROM digest.${rows} ${candidates} WHERE ${inPart} GROUP BY id_h HAVING count(*) > 1`;
}

const settleSql = ({ rows, first }: DigestTable): string[] => [
  `CREATE TEMP TABLE copy AS
   SELECT id_h, file, row, row_number() OVER (PARTITION BY id_h ORDER BY ${first}, file) AS rank
   FROM (SELECT *, rowid AS row FROM digest.${rows} SEMI JOIN clash USING (id_h))`,
  `INSERT INTO digest.overlap
   SELECT DISTINCT kept.file, dropped.file FROM copy AS kept JOIN copy AS dropped USING (id_h)
   WHERE kept.rank = 1 AND dropped.rank > 1 AND kept.file <> dropped.file`,
  `DELETE FROM digest.${rows} WHERE rowid IN (SELECT row FROM copy WHERE rank > 1)`,
  'DROP TABLE copy',
];

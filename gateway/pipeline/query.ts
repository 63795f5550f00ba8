import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';

/** A value to bind, with its type: of what type a null or an empty list is cannot be guessed. */
interface Parameter {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}
export type Parameters = Readonly<Record<string, Parameter>>;

/** Runs a statement for what it does. */
export async function execute(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters,
): Promise<void> {
  await connection.run(sql, ...bound(parameters));
}

/** Runs a query and gives its rows as objects. The caller vouches that the columns are those of `Row`. */
export async function rowsOf<Row>(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters = {},
): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql, ...bound(parameters));
  return reader.getRowObjectsJS() as Row[];
}

function bound(parameters: Parameters): [Record<string, DuckDBValue>, Record<string, DuckDBType>] {
  const entries = Object.entries(parameters);
  return [
    Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    Object.fromEntries(entries.map(([name, { type }]) => [name, type])),
  ];
}

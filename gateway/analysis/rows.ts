import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';

/** A value to bind with its type: what a null is of cannot be guessed. */
export interface Parameter {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

/** Runs a query and gives its rows as objects. The caller vouches that the columns are those of `Row`. */
export async function rowsOf<Row>(
  connection: DuckDBConnection,
  sql: string,
  parameters: Readonly<Record<string, Parameter>> = {},
): Promise<Row[]> {
  const entries = Object.entries(parameters);
  const reader = await connection.runAndReadAll(
    sql,
    Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    Object.fromEntries(entries.map(([name, { type }]) => [name, type])),
  );
  return reader.getRowObjectsJS() as Row[];
}

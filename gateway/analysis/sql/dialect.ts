import type { RecordKind } from '../../pipeline/spool-layout.ts';

/** Everything in which the engines differ, as far as the analysis uses them. Athena's SQL is Trino's. */
export interface Dialect {
  readonly name: 'duckdb' | 'athena' | 'bigquery';
  /** A column whose name is a word of the language. */
  readonly column: (name: string) => string;
  readonly text: (value: string) => string;
  readonly double: string;
  /** Milliseconds since the epoch of a timestamp, a whole number. */
  readonly epochMs: (timestamp: string) => string;
  /** The value of a key in a column of type MAP, null where there is none. */
  readonly mapValue: (column: string, key: string) => string;
  /** Whether a query must say whose records it reads. */
  readonly namesTenants: boolean;
  /** The lake's table of that kind, as infra/ makes it, or its files. */
  readonly table: (kind: RecordKind) => string;
}

const doubled = (quote: string) => (text: string) =>
  `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;

/** DuckDB over the files of the lakes themselves, wherever they are: URIs `file://`, `s3://` or `gs://`. */
export function duckDbDialect(lakeUris: readonly string[]): Dialect {
  const filesOf = (kind: RecordKind) =>
    lakeUris.map((uri) => doubled("'")(`${decodeURI(uri.replace(/^file:\/\//, ''))}/${kind}/**/*.parquet`));
  return {
    name: 'duckdb',
    column: doubled('"'),
    text: doubled("'"),
    double: 'DOUBLE',
    epochMs: (timestamp) => `epoch_ms(${timestamp})`,
    mapValue: (column, key) => `${column}[${doubled("'")(key)}]`,
    namesTenants: false,
    table: (kind) =>
      `read_parquet([${filesOf(kind).join(', ')}], union_by_name = true, ` +
      "hive_partitioning = true, hive_types = {'tenant': VARCHAR, 'date': DATE})",
  };
}
/** Tables of the Glue database that the session has chosen. */
export const ATHENA: Dialect = {
  name: 'athena',
  column: doubled('"'),
  text: doubled("'"),
  double: 'DOUBLE',
  epochMs: (timestamp) => `CAST(to_unixtime(${timestamp}) * 1000 AS BIGINT)`,
  mapValue: (column, key) => `element_at(${column}, ${doubled("'")(key)})`,
  namesTenants: true,
  table: (kind) => kind,
};

const bigqueryText = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Tables of the dataset that the session has chosen. */
export const BIGQUERY: Dialect = {
  name: 'bigquery',
  column: (name) => `\`${name}\``,
  text: bigqueryText,
  double: 'FLOAT64',
  epochMs: (timestamp) => `UNIX_MILLIS(${timestamp})`,
  mapValue: (column, key) =>
    `(SELECT entry.value FROM UNNEST(${column}.key_value) AS entry WHERE entry.key = ${bigqueryText(key)})`,
  namesTenants: false,
  table: (kind) => kind,
};

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
  /** The lake's table of that kind, as infra/ makes it, or its files. */
  readonly table: (kind: RecordKind) => string;
}

const doubled = (quote: string) => (text: string) =>
  `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;

/** DuckDB over the lake's own files, wherever they are: `lakeUri` is `file://`, `s3://` or `gs://`. */
export function duckDbDialect(lakeUri: string): Dialect {
  const root = lakeUri.replace(/^file:\/\//, '');
  return {
    name: 'duckdb',
    column: doubled('"'),
    text: doubled("'"),
    double: 'DOUBLE',
    epochMs: (timestamp) => `epoch_ms(${timestamp})`,
    table: (kind) =>
      `read_parquet(${doubled("'")(`${decodeURI(root)}/${kind}/**/*.parquet`)}, union_by_name = true, ` +
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
  table: (kind) => kind,
};

/** Tables of the dataset that the session has chosen. */
export const BIGQUERY: Dialect = {
  name: 'bigquery',
  column: (name) => `\`${name}\``,
  text: (value) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  double: 'FLOAT64',
  epochMs: (timestamp) => `UNIX_MILLIS(${timestamp})`,
  table: (kind) => kind,
};

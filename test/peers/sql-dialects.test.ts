import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { experimentSchema } from '../../experiments/experiment.ts';
import { ATHENA, BIGQUERY, duckDbDialect } from '../../gateway/analysis/sql/dialect.ts';
import { metricQuery } from '../../gateway/analysis/sql/metric-query.ts';
import { EVERY_METRIC } from '../support/metric-definitions.ts';
import { SQLGLOT_PYTHON, whyNoSqlglot } from '../support/sqlglot.ts';

const missing = whyNoSqlglot();

const SCOPE = {
  experiment: experimentSchema.parse({
    key: 'ranker-v2',
    endpoint: 'movie-ranking',
    unit: 'user',
    variants: [
      { key: 'control', weight: 5_000, target: 'a' },
      { key: 'treatment', weight: 5_000, target: 'b' },
    ],
  }),
  revision: 3,
  asOfMs: Date.UTC(2026, 10, 24),
  epochs: [
    { fromRevision: 1, fromMs: 0 },
    { fromRevision: 2, fromMs: Date.UTC(2026, 10, 20) },
  ],
  moved: true,
  priced: true,
  fromMs: 0,
  tenants: ['acme', "o'neill"],
  quantiles: new Map([['control', 3.5]]),
};

/** Parses each of [dialect, SQL], resolves every column through the common tables, and says what was wrong. */
const SCRIPT = `
import json, sys
import sqlglot
from sqlglot.optimizer.qualify import qualify

LAKE = {
  'exposures': {c: 'text' for c in ['tenant', 'id', 'at', 'experiment', 'revision', 'variant', 'unit', 'latency_ms', 'cost', 'fallback', 'status', 'error', 'date']},
  'outcomes': {c: 'text' for c in ['tenant', 'id', 'at', 'received_at', 'event', 'unit_type', 'unit', 'value', 'date']},
}
LAKE['exposures']['dimensions'] = 'STRUCT<key_value ARRAY<STRUCT<key STRING, value STRING>>>'
problems = []
for dialect, sql in json.load(sys.stdin):
    try:
        for statement in sqlglot.parse(sql, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE):
            qualify(statement, dialect=dialect, schema=None if dialect == 'duckdb' else LAKE)
    except Exception as error:
        problems.append([dialect, str(error), sql])
print(json.dumps(problems))
`;

function problemsOf(queries: readonly (readonly [string, string])[]): unknown[] {
  const { stdout, stderr, status } = spawnSync(SQLGLOT_PYTHON, ['-c', SCRIPT], {
    input: JSON.stringify(queries),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe.skipIf(missing !== null)(
  `queries of metrics, read by sqlglot${missing ? ` (${missing})` : ''}`,
  () => {
    it('parse, and name only columns that are there, in the dialects of DuckDB, Athena and BigQuery', () => {
      const dialects = [duckDbDialect(['file:///lake', 's3://other/lake']), ATHENA, BIGQUERY];
      const scopes = [SCOPE, { ...SCOPE, dimension: 'tenant' }, { ...SCOPE, dimension: 'device.kind' }];
      const queries = dialects.flatMap((dialect) =>
        EVERY_METRIC.flatMap((metric) =>
          scopes.map((scope) => [dialect.name, metricQuery(metric, scope, dialect)] as const),
        ),
      );

      expect(problemsOf(queries)).toEqual([]);
    }, 120_000);

    it('are found at fault where they are', () => {
      const athena = metricQuery(EVERY_METRIC[0] ?? expect.fail(), SCOPE, ATHENA);

      expect(problemsOf([['athena', athena.replace('latency_ms', 'latency')]])).toHaveLength(1);
      expect(problemsOf([['bigquery', athena.replace('GROUP BY', 'GROUP')]])).toHaveLength(1);
    }, 120_000);
  },
);

/** How long the first look at a large experiment takes, how long the next after a little more data, in what memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';
import type { BenchResult } from './bench-result.ts';

const ROWS = 10_000_000;
const UNITS = 1_000_000;
const DAYS = 14;
const FILES_PER_DAY = 10;
const START_MS = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;

/** Seconds by the clock and of CPU: of reading what is new, and of making the results. */
interface Look {
  readonly readSeconds: number;
  readonly readCpuSeconds: number;
  readonly filesRead: number;
  readonly lookSeconds: number;
  readonly lookCpuSeconds: number;
  readonly exposures: number;
  readonly peakMb: number;
}

export async function benchAnalysis(): Promise<BenchResult> {
  const root = await mkdtemp(join(tmpdir(), 'switchyard-bench-'));
  try {
    const perFile = ROWS / (DAYS * FILES_PER_DAY);
    for (let day = 0; day < DAYS; day += 1) {
      for (let file = 0; file < FILES_PER_DAY; file += 1)
        await writeFiles(root, { day, file, rows: perFile });
    }
    const analyst = startAnalyst(root);
    const first = await analyst.look();
    await writeFiles(root, { day: DAYS, file: 0, rows: ROWS / 100 });
    const second = await analyst.look();
    await analyst.stop();
    if (second.filesRead !== 2) throw new Error(`the refresh read ${second.filesRead} files instead of 2`);
    return {
      name: 'analysis',
      unit: 'seconds',
      rows: [
        ...rowsOf(`${millions(first)} million exposures and outcomes each`, first),
        ...rowsOf('1 % more', second),
      ],
      ratios: [
        { label: '10 s ÷ (reading everything + results)', value: 10 / totalOf(first), budget: 1 },
        {
          label: `2,000 MB ÷ peak memory (${Math.round(second.peakMb)} MB)`,
          value: 2_000 / second.peakMb,
          budget: 1,
        },
        // A hundredth as much to read; the rest of it is what does not depend on how much is new.
        {
          label: 'CPU of reading everything ÷ of reading 1 % more',
          value: first.readCpuSeconds / second.readCpuSeconds,
          budget: 10,
        },
      ],
    };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const totalOf = ({ readSeconds, lookSeconds }: Look) => readSeconds + lookSeconds;

const rowsOf = (what: string, look: Look) => [
  { subject: `reading ${what}`, median: look.readSeconds },
  { subject: 'its CPU time, over two cores', median: look.readCpuSeconds / 2 },
  { subject: `results after reading ${what}`, median: look.lookSeconds },
  { subject: 'their CPU time, over two cores', median: look.lookCpuSeconds / 2 },
];

const millions = ({ exposures }: Look) => Math.round(exposures / 1e6);

/** One file of exposures and one of outcomes, as the shipper would have written them. */
async function writeFiles(
  root: string,
  { day, file, rows }: { readonly day: number; readonly file: number; readonly rows: number },
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const date = new Date(START_MS + day * DAY_MS).toISOString().slice(0, 10);
  const fromMs = START_MS + day * DAY_MS + file * (DAY_MS / FILES_PER_DAY);
  const at = `make_timestamptz((${fromMs} + i * ${DAY_MS / FILES_PER_DAY / rows})::BIGINT * 1000)`;
  const unit = (salt: number) => `hash(i, ${day * FILES_PER_DAY + file}, ${salt}) % ${UNITS}`;
  for (const [kind, columns, salt] of [
    ['exposures', EXPOSURE_COLUMNS, 1],
    ['outcomes', OUTCOME_COLUMNS, 2],
  ] as const) {
    const directory = join(root, 'lake', kind, 'tenant=acme', `date=${date}`);
    await mkdir(directory, { recursive: true });
    await connection.run(
      `COPY (SELECT uuid()::VARCHAR AS id, ${at} AS "at", lpad(to_hex(hash(u)), 22, 'x') AS unit, ${columns}
             FROM (SELECT i, ${unit(salt)} AS u FROM range(${Math.round(rows)}) t(i)) ORDER BY "at", id)
       TO '${join(directory, `writer-${String(day * FILES_PER_DAY + file).padStart(6, '0')}.parquet`)}'
       (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  connection.closeSync();
  instance.closeSync();
}

const EXPOSURE_COLUMNS = `'movie-ranking' AS endpoint, 'ranker-v2' AS experiment, 1 AS revision,
  CASE WHEN u % 2 = 0 THEN 'control' ELSE 'treatment' END AS variant, 5000 AS propensity_bp, uuid()::VARCHAR AS request_id,
  'ranker-v1-aws' AS assigned_target, 'ranker-v1-aws' AS served_target, 'movie-ranker' AS model, 'v1' AS version,
  CASE WHEN u % 3 = 0 THEN 'aws' ELSE 'gcp' END AS cloud, 'us-east-1' AS region, false AS fallback, 1 AS attempts,
  CASE WHEN i % 500 = 0 THEN 502 ELSE 200 END AS status, NULL::VARCHAR AS error,
  round(5 + 20 * random() ** 3, 3)::DOUBLE AS latency_ms, NULL::DOUBLE AS cost, false AS reported,
  MAP {}::MAP(VARCHAR, VARCHAR) AS dimensions`;
const OUTCOME_COLUMNS = `"at" + INTERVAL 1 SECOND AS received_at,
  CASE WHEN i % 3 = 0 THEN 'bought' ELSE 'rated' END AS event, 'user' AS unit_type,
  round(random() * 10, 1)::DOUBLE AS value, NULL::VARCHAR AS request_id`;

/** In a process of its own, whose memory is the analysis's. */
function startAnalyst(root: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'subjects', 'analysis.ts'), root], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    look: async (): Promise<Look> => {
      child.stdin.write('look\n');
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the analysis ended without an answer');
      return JSON.parse(value);
    },
    stop: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

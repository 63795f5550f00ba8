/** How many exposures a second one core takes from append to lake, everything on, and whether all of them arrive. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { LakeReader } from '../../gateway/pipeline/lake-reader.ts';
import { LakeShipper } from '../../gateway/pipeline/lake-shipper.ts';
import { rowsOf } from '../../gateway/pipeline/query.ts';
import { Spool } from '../../gateway/pipeline/spool.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { exposure } from '../support/records.ts';
import { type BenchResult, median } from './bench-result.ts';

const ROUNDS = 5;
const EXPOSURES = 100_000;
/** Requests that one turn of the event loop answers, on a busy gateway. */
const BATCH = 8;
const NEEDED_PER_SECOND = 20_000;

/** Exposures per second of CPU time of all threads of this process, DuckDB's included. */
interface Rates {
  readonly appended: number;
  readonly shipped: number;
  readonly together: number;
}

export async function benchExposures(): Promise<BenchResult> {
  const rounds: Rates[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await inNewDirectory(oneRound));
  const of = (name: keyof Rates) => median(rounds.map((rates) => rates[name]));
  return {
    name: 'exposures',
    unit: 'exposures per CPU second',
    rows: [
      { subject: 'append, in the file before the answer', median: of('appended') },
      { subject: 'sealed segments to Parquet in a file:// lake', median: of('shipped') },
      { subject: 'append to lake, none lost', median: of('together') },
    ],
    ratios: [
      {
        label: 'append to lake ÷ 20,000/s on one core',
        value: of('together') / NEEDED_PER_SECOND,
        budget: 1,
      },
    ],
  };
}

async function oneRound(root: string): Promise<Rates> {
  const directory = join(root, 'spool');
  const log = pino({ level: 'silent' });
  const registry = new Registry();
  const spool = Spool.open({ directory, writerId: randomUUID(), registry, log, maxSegmentBytes: 8_388_608 });
  const appendSeconds = await cpuSeconds(() => appendAll(spool));
  await spool.stop();
  const lake = new FileStore(join(root, 'lake'));
  const shipper = await LakeShipper.open({ directory, lake, registry: new Registry(), log });
  const shipSeconds = await cpuSeconds(() => shipper.ship());
  await shipper.stop();
  await assertAllIn(lake, join(root, 'cache'));
  return {
    appended: EXPOSURES / appendSeconds,
    shipped: EXPOSURES / shipSeconds,
    together: EXPOSURES / (appendSeconds + shipSeconds),
  };
}

async function appendAll(spool: Spool): Promise<void> {
  for (let count = 0; count < EXPOSURES; count += BATCH) {
    // Made anew like a request's, so that nothing of the line is prepared.
    const turn = Array.from({ length: BATCH }, (_, index) =>
      spool.append('exposures', exposure({ unit: `unit-${count + index}` })),
    );
    if ((await Promise.all(turn)).includes(false)) throw new Error('the spool refused');
  }
}

async function assertAllIn(lake: FileStore, cacheDirectory: string): Promise<void> {
  const reader = await LakeReader.open({ lake, cacheDirectory });
  const { sql, parameters } = await reader.source('exposures');
  const [row] = await reader.withConnection((connection) =>
    rowsOf<{ rows: number; ids: number }>(
      connection,
      `SELECT count(*)::DOUBLE AS rows, count(DISTINCT id)::DOUBLE AS ids FROM ${sql}`,
      parameters,
    ),
  );
  reader.close();
  if (row?.rows !== EXPOSURES || row.ids !== EXPOSURES)
    throw new Error(`${row?.rows} rows of ${row?.ids} ids are in the lake, not ${EXPOSURES}`);
}

async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function inNewDirectory<Result>(work: (root: string) => Promise<Result>): Promise<Result> {
  const root = await mkdtemp(join(tmpdir(), 'switchyard-bench-'));
  try {
    return await work(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** How many exposures a second one core puts in the spool, and takes on to the lake, everything on. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { LakeShipper } from '../../gateway/pipeline/lake-shipper.ts';
import { Spool } from '../../gateway/pipeline/spool.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { exposure } from '../support/records.ts';
import { type BenchResult, median } from './bench-result.ts';

const ROUNDS = 5;
const EXPOSURES = 100_000;
/** Requests that one turn of the event loop answers, on a busy gateway. */
const BATCH = 8;
const NEEDED_PER_SECOND = 20_000;

export async function benchSpool(): Promise<BenchResult> {
  const appended: number[] = [];
  const shipped: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const root = await mkdtemp(join(tmpdir(), 'switchyard-bench-'));
    try {
      const rates = await oneRound(root);
      appended.push(rates.appended);
      shipped.push(rates.shipped);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }
  return {
    name: 'spool',
    unit: 'exposures/s',
    rows: [
      { subject: 'append, in the file before the answer', median: median(appended) },
      { subject: 'sealed segments to Parquet in a file:// lake', median: median(shipped) },
    ],
    ratios: [
      { label: 'append ÷ 20,000/s', value: median(appended) / NEEDED_PER_SECOND, budget: 1 },
      { label: 'ship ÷ 20,000/s', value: median(shipped) / NEEDED_PER_SECOND, budget: 1 },
    ],
  };
}

async function oneRound(root: string): Promise<{ appended: number; shipped: number }> {
  const directory = join(root, 'spool');
  const log = pino({ level: 'silent' });
  const spool = Spool.open({ directory, writerId: randomUUID(), registry: new Registry(), log });
  const appendStart = performance.now();
  for (let count = 0; count < EXPOSURES; count += BATCH) {
    // Made anew like a request's, so that nothing of the line is prepared.
    const turn = Array.from({ length: BATCH }, (_, index) =>
      spool.append('exposures', exposure({ unit: `unit-${count + index}` })),
    );
    if ((await Promise.all(turn)).includes(false)) throw new Error('the spool refused');
  }
  const appendMs = performance.now() - appendStart;
  await spool.stop();

  const lake = new FileStore(join(root, 'lake'));
  const shipper = await LakeShipper.open({ directory, lake, registry: new Registry(), log });
  const shipStart = performance.now();
  const { records } = await shipper.ship();
  const shipMs = performance.now() - shipStart;
  await shipper.stop();
  if (records !== EXPOSURES) throw new Error(`${records} of ${EXPOSURES} exposures were shipped`);
  return { appended: (EXPOSURES / appendMs) * 1_000, shipped: (EXPOSURES / shipMs) * 1_000 };
}

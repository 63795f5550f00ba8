/**
 * A process to be killed: appends exposures to the spool named on its command line as fast as it can, and names
 * each on standard output only after the spool has accepted it, as a response would leave only then.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { Spool } from '../../gateway/pipeline/spool.ts';
import { exposure } from './records.ts';

const STANDARD_OUTPUT = 1;

const [directory = ''] = process.argv.slice(2);
const spool = Spool.open({
  directory,
  writerId: randomUUID(),
  registry: new Registry(),
  log: pino({ level: 'silent' }),
  maxSegmentBytes: 100_000,
  flushIntervalMs: 20,
});

appendSome();

function appendSome(): void {
  for (let count = 0; count < 50; count += 1) {
    const record = exposure();
    void spool.append('exposures', record).then((taken) => {
      if (taken) writeSync(STANDARD_OUTPUT, `${record.id}\n`);
    });
  }
  setImmediate(appendSome);
}

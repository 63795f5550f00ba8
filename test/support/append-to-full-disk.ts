/**
 * A process for which a file may not grow beyond its limit (`ulimit -f`), as on a full disk: appends until the
 * spool refuses, then a short record that fits, then seals, then appends again. Prints what was accepted as JSON.
 */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { Spool } from '../../gateway/pipeline/spool.ts';
import { exposure, outcome } from './records.ts';

const [directory = ''] = process.argv.slice(2);
const registry = new Registry();
const spool = Spool.open({ directory, writerId: randomUUID(), registry, log: pino({ level: 'silent' }) });

const accepted: string[] = [];
const append = async (unit: string): Promise<boolean> => {
  const record = exposure({ unit });
  const taken = await spool.append('exposures', record);
  if (taken) accepted.push(record.id);
  return taken;
};

while (await append('a long name of a unit '.repeat(150)));
const refusedAgain = !(await append('a long name of a unit '.repeat(150)));
const shortAccepted = await append('short');
const otherKindAccepted = await spool.append('outcomes', outcome());
await spool.seal();
const acceptedAfterSeal = await append('a long name of a unit '.repeat(150));
await spool.stop();
const metrics = await registry.metrics();
process.stdout.write(
  JSON.stringify({ accepted, refusedAgain, shortAccepted, otherKindAccepted, acceptedAfterSeal, metrics }),
);

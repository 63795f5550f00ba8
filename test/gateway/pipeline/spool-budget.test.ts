import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { measureSpool } from '../../../gateway/pipeline/spool-budget.ts';
import { SpoolKeeper } from '../../../gateway/pipeline/spool-keeper.ts';
import type { RecordKind } from '../../../gateway/pipeline/spool-layout.ts';
import { openSpool } from '../../support/pipeline.ts';
import { exposure, invocation, outcome } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const LINE_BYTES = Buffer.byteLength(JSON.stringify(exposure())) + 1;
const ROOM = 100 * LINE_BYTES;

async function metricOf(registry: Registry, name: string): Promise<number | undefined> {
  return (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
}

/** A spool with room for a hundred exposures, which has been measured. */
async function smallSpool({ writers = 1, flushIntervalMs = 10 } = {}) {
  const directory = await temporaryDirectory();
  const registry = new Registry();
  const options = { directory, maxBytes: ROOM, flushIntervalMs };
  const spools = Array.from({ length: writers }, () => openSpool({ ...options, registry: new Registry() }));
  const spool = openSpool({ ...options, registry });
  const expose = (count: number, on = spool) =>
    Promise.all(Array.from({ length: count }, () => on.append('exposures', exposure())));
  return { directory, registry, spool, others: spools, expose };
}

function keep(directory: string, registry = new Registry()): SpoolKeeper {
  const log = pino({ level: 'silent' });
  const keeper = new SpoolKeeper({ directory, maxBytes: ROOM, registry, log, intervalMs: 60_000 });
  onTestFinished(() => keeper.stop());
  return keeper;
}

describe('a spool that runs short of room', () => {
  it('gives up invocations first, then refuses outcomes, and exposures last of all', async () => {
    // What is added between two measurements is known to the byte; what is added during one may count twice.
    const { directory, registry, spool, expose } = await smallSpool({ flushIntervalMs: 60_000 });
    for (let look = 0; look < 3; look += 1) await measureSpool(directory, ROOM);
    const taken = async () => [
      await spool.append('invocations', invocation()),
      await spool.append('outcomes', outcome()),
      await spool.append('exposures', exposure()),
    ];
    /** Fills the share of a kind, and a few exposures past it. */
    const exposeUntilFull = async (kind: RecordKind) => {
      while (spool.hasRoomFor(kind)) await expose(1);
      for (let count = 0; count < 3; count += 1) await expose(1);
    };
    expect(await taken()).toEqual([true, true, true]);
    await exposeUntilFull('invocations');
    expect(await taken()).toEqual([false, true, true]);
    await exposeUntilFull('outcomes');
    expect(await taken()).toEqual([false, false, true]);
    await exposeUntilFull('exposures');
    expect(await taken()).toEqual([false, false, false]);

    const metrics = await registry.metrics();
    expect(metrics).toContain('switchyard_spool_dropped_total{kind="invocations",reason="no-room"} 3');
    expect(metrics).toContain('switchyard_spool_dropped_total{kind="outcomes",reason="no-room"} 2');
  });

  it('counts what every process of the machine has in it', async () => {
    const { spool, others, expose } = await smallSpool();
    await expose(90, others[0]);

    await expect.poll(() => spool.hasRoomFor('outcomes')).toBe(false);
  });

  it('gets room from sealed invocations, oldest first, and from nothing else', async () => {
    const { directory, spool, expose } = await smallSpool();
    for (const count of [1, 2, 3]) {
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          spool.append('invocations', invocation({ id: `${count}-${index}` })),
        ),
      );
      await spool.seal();
    }
    await spool.append('outcomes', outcome());
    await expose(58);
    await spool.seal();
    const registry = new Registry();
    const sealed = async () =>
      (await readdir(join(directory, 'writers'), { recursive: true })).filter((name) =>
        name.endsWith('.ndjson'),
      );
    expect(await sealed()).toHaveLength(5);

    await keep(directory, registry).look();

    const left = (await sealed()).map((name) => name.replace(/.*\//, '')).sort();
    expect(left).toEqual(['exposures-000005.ndjson', 'invocations-000003.ndjson', 'outcomes-000004.ndjson']);
    expect(await metricOf(registry, 'switchyard_spool_evicted_segments_total')).toBe(2);
    expect(await metricOf(registry, 'switchyard_spool_pressure')).toBe(0);
  });

  it('says in gauges how full it is', async () => {
    const { directory, spool, expose } = await smallSpool();
    await expose(90);
    await spool.seal();
    const registry = new Registry();

    await keep(directory, registry).look();

    expect(await metricOf(registry, 'switchyard_spool_pressure')).toBe(2);
    expect(await metricOf(registry, 'switchyard_spool_used_bytes')).toBeGreaterThanOrEqual(90 * LINE_BYTES);
    expect(await metricOf(registry, 'switchyard_spool_limit_bytes')).toBe(ROOM);
  });
});

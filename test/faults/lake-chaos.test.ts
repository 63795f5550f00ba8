import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rowsOf } from '../../gateway/pipeline/query.ts';
import { SpoolKeeper } from '../../gateway/pipeline/spool-keeper.ts';
import type { RecordKind } from '../../gateway/pipeline/spool-layout.ts';
import { FileStore } from '../../models/artifacts/file-store.ts';
import { type ObjectStore, ObjectStoreError } from '../../models/artifacts/object-store.ts';
import { openDigest, openReader, openShipper, openSpool, openUpkeep } from '../support/pipeline.ts';
import { exposure, invocation, outcome } from '../support/records.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SEED = 20_261_124;

/** The real store behind a wire that is cut while `away` is true, and that breaks now and then after a write. */
function wired(lake: FileStore, random: () => number) {
  const state = { away: false, breaking: 0 };
  const store: ObjectStore = {
    uri: lake.uri,
    read: (name, options) => reach().read(name, options),
    info: (name) => reach().info(name),
    list: (prefix, options) => reach().list(prefix, options),
    remove: (name) => reach().remove(name),
    write: async (name, content, options) => {
      await reach().write(name, content, options);
      if (random() < state.breaking) throw new ObjectStoreError('unavailable', 'the answer was lost');
    },
  };
  const reach = () => {
    if (state.away) throw new ObjectStoreError('unavailable', 'no route');
    return lake;
  };
  return { store, state };
}

async function lakeInDirectory(): Promise<FileStore> {
  return new FileStore(join(await temporaryDirectory(), 'lake'));
}

/** Ids of one kind as every reader sees them, each as often as its rows are there. */
async function idsIn(lake: ObjectStore, kind: RecordKind): Promise<string[]> {
  const reader = await openReader({ lake });
  const { sql, parameters } = await reader.source(kind);
  const rows = await reader.withConnection((connection) =>
    rowsOf<{ id: string }>(connection, `SELECT id FROM ${sql} ORDER BY id`, parameters),
  );
  return rows.map(({ id }) => id);
}

describe('two gateways and two upkeeps on one lake, over a wire that breaks', () => {
  it('lose no acknowledged record, show each delivery once, and count each id once', async () => {
    const random = seededRandom(SEED);
    const lake = await lakeInDirectory();
    const { store, state } = wired(lake, random);
    const gateways = await Promise.all(
      [0, 1].map(async () => {
        const directory = join(await temporaryDirectory(), 'spool');
        return {
          directory,
          spool: openSpool({ directory }),
          shipper: await openShipper({ directory, lake: store }),
        };
      }),
    );
    const upkeeps = [0, 1].map(() => openUpkeep({ lake: store, graceMs: 0 }));
    const digest = await openDigest(lake, await temporaryDirectory());
    const delivered: string[] = [];
    const shippedBefore: { readonly path: string; readonly copy: string }[] = [];
    const exposures = Array.from({ length: 240 }, (_, index) =>
      exposure({ id: `e${index}`, unit: `u${index}` }),
    );

    for (let step = 0; step < 120; step += 1) {
      const gateway = gateways[Math.floor(random() * gateways.length)] ?? gateways[0];
      if (gateway === undefined) throw new Error('there are two');
      // Early ones come again late, and to the other gateway.
      const record = exposures[Math.floor(random() * Math.min(exposures.length, 2 * step + 2))];
      if (record !== undefined && (await gateway.spool.append('exposures', record)))
        delivered.push(record.id);
      state.breaking = random() < 0.3 ? 0.5 : 0;
      state.away = step > 40 && step < 55;
      if (random() < 0.6) {
        await gateway.spool.seal();
        for (const path of await sealedIn(gateway.directory)) {
          const copy = join(await temporaryDirectory(), 'segment');
          await copyFile(path, copy);
          shippedBefore.push({ path, copy });
        }
        await gateway.shipper.ship();
      }
      // A gateway that died before it noted that a segment was shipped ships it again, much later.
      const again = shippedBefore[Math.floor(random() * shippedBefore.length)];
      if (again !== undefined && random() < 0.2) await copyFile(again.copy, again.path);
      if (random() < 0.15) await Promise.all(upkeeps.map((upkeep) => upkeep.run()));
      if (random() < 0.1) await digest.withCurrent(async () => undefined);
    }
    Object.assign(state, { away: false, breaking: 0 });
    for (const { spool, shipper } of gateways) {
      await spool.seal();
      expect(await shipper.ship()).toMatchObject({ failed: 0, corruptLines: 0 });
    }
    const reports = [];
    for (let pass = 0; pass < 3; pass += 1) reports.push(await upkeeps[0]?.run());

    expect(await idsIn(lake, 'exposures')).toEqual(delivered.toSorted());
    const counted = await digest.withCurrent((connection) =>
      rowsOf<{ n: number }>(connection, 'SELECT count(*)::DOUBLE AS n FROM digest.exposure'),
    );
    expect(counted).toEqual([{ n: new Set(delivered).size }]);
    expect(delivered.length).toBeGreaterThan(new Set(delivered).size);
    expect(reports.every((report) => report?.failed === 0)).toBe(true);
  });
});

async function sealedIn(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'writers'), { recursive: true });
  return names.filter((name) => name.endsWith('.ndjson')).map((name) => join(directory, 'writers', name));
}

describe('a lake that is away for an hour', () => {
  it('costs nothing that was acknowledged: all of it arrives, exposures first', async () => {
    const lake = await lakeInDirectory();
    const { store, state } = wired(lake, () => 1);
    const directory = join(await temporaryDirectory(), 'spool');
    const spool = openSpool({ directory });
    const registry = new Registry();
    const shipper = await openShipper({ directory, lake: store, registry });
    state.away = true;
    const acknowledged: string[] = [];
    // An hour as the shipper sees it: a pass a minute, each in vain.
    for (let minute = 0; minute < 60; minute += 1) {
      const id = `e${String(minute).padStart(2, '0')}`;
      if (await spool.append('exposures', exposure({ id }))) acknowledged.push(id);
      await spool.append('outcomes', outcome({ id: `o${id}` }));
      await spool.append('invocations', invocation());
      await spool.seal();
      expect((await shipper.ship()).failed).toBe(3 * (minute + 1));
    }
    state.away = false;
    const written: string[] = [];
    const { write } = store;
    Object.assign(store, {
      write: (name: string, ...rest: [Uint8Array]) => {
        written.push(name.split('/')[0] ?? '');
        return write(name, ...rest);
      },
    });

    expect(await shipper.ship()).toMatchObject({ segments: 180, failed: 0 });

    expect(acknowledged).toHaveLength(60);
    expect(await idsIn(lake, 'exposures')).toEqual(acknowledged);
    expect(await idsIn(lake, 'outcomes')).toHaveLength(60);
    expect(written.slice(0, 60).every((kind) => kind === 'exposures')).toBe(true);
    expect(await sealedIn(directory)).toEqual([]);
  });
});

const canMount = process.getuid?.() === 0;
const why = canMount ? '' : ' (skipped: mounting a small disk needs root)';

const FLUSH_INTERVAL_MS = 20;

describe.skipIf(!canMount)(`a disk that is full${why}`, () => {
  /** A disk of two megabytes, or null where mounting is not allowed even to root. */
  async function smallDisk(): Promise<string | null> {
    const path = await temporaryDirectory();
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path]);
    if (mount.status !== 0) return null;
    onTestFinished(() => void spawnSync('umount', ['-l', path]));
    return path;
  }

  it('gives up invocations, refuses what does not fit, and keeps whatever it acknowledged', async (context) => {
    const disk = await smallDisk();
    if (disk === null) return context.skip('mounting is not allowed here');
    const directory = join(disk, 'spool');
    const lake = await lakeInDirectory();
    const registry = new Registry();
    const spool = openSpool({
      directory,
      registry,
      maxSegmentBytes: 200_000,
      flushIntervalMs: FLUSH_INTERVAL_MS,
    });
    await openShipper({ directory, lake }).then((shipper) => shipper.stop());
    const keeper = new SpoolKeeper({
      directory,
      maxBytes: 1_000_000_000,
      registry: new Registry(),
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => keeper.stop());
    const fill = async (kind: 'invocations' | 'exposures') => {
      const acknowledged: string[] = [];
      for (let refused = 0; refused < 10; ) {
        const record = kind === 'exposures' ? exposure() : invocation();
        const taken =
          kind === 'exposures'
            ? await spool.append('exposures', exposure({ id: record.id }))
            : await spool.append('invocations', invocation({ id: record.id }));
        if (taken) acknowledged.push(record.id);
        else {
          refused += 1;
          // Full is what is full after both have looked: the keeper, and the spool at its next flush.
          await keeper.look();
          await sleep(3 * FLUSH_INTERVAL_MS);
        }
      }
      return acknowledged;
    };
    expect((await fill('invocations')).length).toBeGreaterThan(1_000);
    const acknowledged = await fill('exposures');
    // The disk holds two megabytes, of which invocations had seven tenths: a thousand would have found place beside them.
    expect(acknowledged.length).toBeGreaterThan(3_000);
    const outcomes = await spool.append('outcomes', outcome());
    await keeper.stop();
    await spool.seal();
    const shipper = await openShipper({ directory, lake });
    await shipper.ship();

    expect(outcomes).toBe(false);
    expect(await idsIn(lake, 'exposures')).toEqual(acknowledged.toSorted());
    await expect.poll(() => spool.append('exposures', exposure())).toBe(true);
  });
});

describe('damage', () => {
  it('costs what was damaged and nothing else: it is set aside, counted, and the rest is read', async () => {
    const lake = await lakeInDirectory();
    const directory = join(await temporaryDirectory(), 'spool');
    const registry = new Registry();
    const spool = openSpool({ directory, registry: new Registry() });
    for (const name of ['a', 'b', 'c', 'd']) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          spool.append('exposures', exposure({ id: `${name}${index}` })),
        ),
      );
      await spool.seal();
    }
    const [first = ''] = (await sealedIn(directory)).sort();
    const segment = await readFile(first);
    await writeFile(first, segment.fill(0, 1_000, 1_200));
    const shipper = await openShipper({ directory, lake, registry });
    const { corruptLines } = await shipper.ship();
    const root = fileURLToPath(lake.uri);
    const objects = (await readdir(root, { recursive: true }))
      .filter((name) => name.endsWith('.parquet'))
      .sort();
    const whole = objects.at(-1) ?? '';
    const original = await readFile(join(root, whole));
    await writeFile(join(root, whole), Buffer.from(original).fill(0xff, 4, 600));
    const digest = await openDigest(lake, await temporaryDirectory());
    const counted = () =>
      digest.withCurrent(async (connection) => {
        const sql = 'SELECT count(*)::DOUBLE AS n FROM digest.exposure';
        return (await rowsOf<{ n: number }>(connection, sql))[0]?.n;
      });

    expect(corruptLines).toBeGreaterThan(0);
    expect(await counted()).toBe(150 - corruptLines);
    expect(await readdir(join(directory, 'quarantine'))).toHaveLength(1);
    const [kept = ''] = (await readdir(join(root, 'quarantine'), { recursive: true })).filter((name) =>
      name.endsWith('.parquet'),
    );
    expect(relative('.', kept)).toBe(relative('.', whole));

    // Mended by a person, it is put back and counts again.
    await mkdir(dirname(join(root, whole)), { recursive: true });
    await writeFile(join(root, whole), original);
    await rm(join(root, 'quarantine'), { recursive: true });
    expect(await counted()).toBe(200 - corruptLines);
  });
});

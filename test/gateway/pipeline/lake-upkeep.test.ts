import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LakeDigest } from '../../../gateway/analysis/digest/lake-digest.ts';
import { lakeObjectName } from '../../../gateway/pipeline/lake-object.ts';
import { rowsOf } from '../../../gateway/pipeline/query.ts';
import { FileStore } from '../../../models/artifacts/file-store.ts';
import { openObjectStore } from '../../../models/artifacts/open-object-store.ts';
import { type GcsDouble, startGcsDouble } from '../../support/gcs-double.ts';
import { openReader, openUpkeep } from '../../support/pipeline.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeSharedLake, gatewayOn, idsIn } from './shared-lake-contract.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const DAY_MS = 24 * 60 * 60_000;

const inDirectory = async () => new FileStore(join(await temporaryDirectory(), 'lake'));

describeSharedLake('a lake in a directory', inDirectory);

describe('a bucket', () => {
  let double: GcsDouble;
  beforeAll(async () => {
    double = await startGcsDouble();
    vi.stubEnv('GCS_API_ENDPOINT', double.url);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await double.stop();
  });
  describeSharedLake('of GCS, against a double of the server', async () =>
    openObjectStore(`gs://lake/${crypto.randomUUID()}`),
  );
});

/** A lake in a directory, with an object per id. */
async function lakeOfObjects(ids: readonly string[]) {
  const lake = await inDirectory();
  const deliver = await gatewayOn(lake);
  for (const id of ids) await deliver(id);
  return { lake, deliver, reader: await openReader({ lake }) };
}

async function namesIn(lake: FileStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of lake.list('')) names.push(name);
  return names;
}

const compacted = (part: number, generation: number) =>
  lakeObjectName({
    kind: 'exposures',
    tenant: 'acme',
    date: '2026-11-20',
    content: { of: 'compaction', part, generation },
  });
const ids = (count: number, prefix = 'e') =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(2, '0')}`);

describe('upkeep of the lake', () => {
  it('merges sixteen objects into one, and removes them after their grace', async () => {
    const { lake, reader } = await lakeOfObjects(ids(16));
    const upkeep = openUpkeep({ lake, now: () => NOON, graceMs: 40 });

    expect(await upkeep.run()).toMatchObject({ merges: 1, replaced: 0 });
    expect(await namesIn(lake)).toHaveLength(17);
    expect(await idsIn(reader)).toEqual(ids(16));
    expect(await upkeep.run()).toMatchObject({ merges: 0, replaced: 0 });
    await vi.waitFor(async () => expect(await upkeep.run()).toMatchObject({ replaced: 16 }));

    expect(await namesIn(lake)).toEqual([compacted(1, 1)]);
    expect(await idsIn(reader)).toEqual(ids(16));
  });

  it('leaves few objects alone while their day lasts, and tidies up once it is past', async () => {
    const { lake, deliver, reader } = await lakeOfObjects(ids(3));

    expect(await openUpkeep({ lake, now: () => NOON }).run()).toMatchObject({ merges: 0 });
    const upkeep = openUpkeep({ lake, now: () => NOON + 2 * DAY_MS, graceMs: 0 });
    expect(await upkeep.run()).toMatchObject({ merges: 1 });
    await deliver('late');
    // Each tidying may write a large object anew: not again today.
    expect(await upkeep.run()).toMatchObject({ merges: 0, replaced: 3 });
    expect(await openUpkeep({ lake, now: () => NOON + 2 * DAY_MS }).run()).toMatchObject({ merges: 1 });

    expect(await idsIn(reader)).toEqual([...ids(3), 'late']);
  });

  it('counts a segment once that is shipped again after its rows were merged and it was removed', async () => {
    const { lake, reader } = await lakeOfObjects(ids(16));
    const [name = ''] = await namesIn(lake);
    const segment = await readFile(join(fileURLToPath(lake.uri), name));
    const upkeep = openUpkeep({ lake, now: () => NOON, graceMs: 0 });
    await upkeep.run();
    await upkeep.run();
    expect(await namesIn(lake)).not.toContain(name);

    await lake.write(name, segment);

    expect(await idsIn(reader)).toEqual(ids(16));
    expect(await upkeep.run()).toMatchObject({ replaced: 1 });
  });

  it('is not misled by a merge that comes back from a machine that stood still', async () => {
    const { lake, deliver, reader } = await lakeOfObjects(ids(16));
    const upkeep = openUpkeep({ lake, now: () => NOON, graceMs: 0 });
    await upkeep.run();
    const first = await readFile(join(fileURLToPath(lake.uri), compacted(1, 1)));
    await upkeep.run();
    for (const id of ids(16, 'f')) await deliver(id);
    await upkeep.run();
    await upkeep.run();
    expect(await namesIn(lake)).toEqual([compacted(1, 2)]);

    await lake.write(compacted(1, 1), first, { ifAbsent: true });

    expect(await idsIn(reader)).toEqual([...ids(16), ...ids(16, 'f')]);
  });

  it('removes a kind once it was kept for its days, and no other', async () => {
    const { lake } = await lakeOfObjects(ids(2));
    const retentionDays = { exposures: 30, outcomes: 400, invocations: 10 };
    const run = (now: number) => openUpkeep({ lake, retentionDays, now: () => now }).run();

    const outcomes = 'outcomes/tenant=acme/date=2026-11-20/w-000001.parquet';
    await lake.write(outcomes, Buffer.from('of another kind'));

    expect(await run(NOON + 30 * DAY_MS)).toMatchObject({ expired: 0 });
    // Both, and what they were merged into meanwhile.
    expect(await run(NOON + 31 * DAY_MS)).toMatchObject({ expired: 3 });
    expect(await namesIn(lake)).toEqual([outcomes]);
  });

  it('puts damaged objects in quarantine, says so, and merges the others', async () => {
    const { lake, reader } = await lakeOfObjects(ids(17));
    const registry = new Registry();
    const [cut = '', changed = ''] = await namesIn(lake);
    const path = (name: string) => join(fileURLToPath(lake.uri), name);
    await writeFile(path(cut), (await readFile(path(cut))).subarray(0, -9));
    await writeFile(path(changed), (await readFile(path(changed))).fill(0xff, 40, 400));
    const upkeep = openUpkeep({ lake, registry, now: () => NOON, graceMs: 0 });

    expect(await upkeep.run()).toMatchObject({ damaged: 2, merges: 0 });
    expect(await upkeep.run()).toMatchObject({ damaged: 0, merges: 0, failed: 0 });

    expect(await idsIn(reader)).toHaveLength(15);
    expect((await namesIn(lake)).filter((name) => name.startsWith('quarantine/'))).toEqual([
      `quarantine/${cut}`,
      `quarantine/${changed}`,
    ]);
    expect(await registry.metrics()).toContain('switchyard_lake_damaged_objects_total 2');
  });
});

describe('a reader of the lake', () => {
  it('reads what is whole when objects are cut or changed, and says which are not', async () => {
    const { lake } = await lakeOfObjects(ids(5));
    const [cut = '', changed = '', empty = ''] = await namesIn(lake);
    const path = (name: string) => join(fileURLToPath(lake.uri), name);
    await writeFile(path(cut), (await readFile(path(cut))).subarray(0, -9));
    await writeFile(path(changed), (await readFile(path(changed))).fill(0xff, 40, 400));
    await writeFile(path(empty), '');
    const damaged: string[] = [];
    const reader = await openReader({ lake, onDamaged: (name) => damaged.push(name) });

    const digest = new LakeDigest([reader], join(await temporaryDirectory(), 'digest.duckdb'));
    const counted = () =>
      digest.withCurrent((connection) =>
        rowsOf<{ n: number }>(connection, 'SELECT count(*)::DOUBLE AS n FROM digest.exposure'),
      );

    expect(await counted()).toEqual([{ n: 2 }]);
    expect(await counted()).toEqual([{ n: 2 }]);
    expect(await idsIn(reader)).toHaveLength(2);
    expect(damaged.sort()).toEqual([cut, changed, empty].sort());
    expect((await namesIn(lake)).filter((name) => name.startsWith('quarantine/'))).toHaveLength(3);
  });
});

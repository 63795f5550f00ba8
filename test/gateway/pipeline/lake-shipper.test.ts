import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { LakeReader } from '../../../gateway/pipeline/lake-reader.ts';
import { rowsOf } from '../../../gateway/pipeline/query.ts';
import type { RecordKind } from '../../../gateway/pipeline/spool-layout.ts';
import { FileStore } from '../../../models/artifacts/file-store.ts';
import { type ObjectStore, ObjectStoreError } from '../../../models/artifacts/object-store.ts';
import { openShipper, openSpool } from '../../support/pipeline.ts';
import { exposure, outcome } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

// A machine west of Greenwich: days and instants in the lake are UTC all the same.
process.env['TZ'] = 'America/New_York';

async function bench() {
  const root = await temporaryDirectory();
  return { root, directory: join(root, 'spool'), lake: new FileStore(join(root, 'lake')) };
}

async function namesIn(lake: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of lake.list('')) names.push(name);
  return names;
}

/** Rows of one kind, read back the way the analysis reads them. */
async function rowsIn(lake: ObjectStore, root: string, kind: RecordKind = 'exposures') {
  const reader = await LakeReader.open({ lake, cacheDirectory: join(root, 'cache') });
  const { sql, parameters } = await reader.source(kind);
  const rows = await reader.withConnection((connection) =>
    rowsOf<Record<string, unknown>>(connection, `SELECT * FROM ${sql} ORDER BY id`, parameters),
  );
  reader.close();
  return rows;
}

/** The real store behind a wire that fails: the first `failures` writes after the first `passed` are refused. */
function failing(lake: FileStore, { passed, failures }: { passed: number; failures: number }): ObjectStore {
  let writes = 0;
  return {
    uri: lake.uri,
    read: (name, options) => lake.read(name, options),
    info: (name) => lake.info(name),
    list: (prefix, options) => lake.list(prefix, options),
    remove: (name) => lake.remove(name),
    write: async (name, content, options) => {
      writes += 1;
      if (writes > passed && writes <= passed + failures)
        throw new ObjectStoreError('unavailable', 'no route');
      await lake.write(name, content, options);
    },
  };
}

describe('the shipper', () => {
  it('writes every field of every record, by tenant and UTC day, and removes the segments', async () => {
    const { root, directory, lake } = await bench();
    const spool = openSpool({ directory, writerId: 'w' });
    const late = Date.UTC(2026, 10, 20, 23, 59, 59, 999);
    await spool.append(
      'exposures',
      exposure({ id: 'a', at: late, cost: 0.25, dimensions: { country: 'DE' } }),
    );
    await spool.append(
      'exposures',
      exposure({ id: 'b', at: late + 1, servedTarget: null, error: 'target-failed' }),
    );
    await spool.append('exposures', exposure({ id: 'c', at: late, tenant: '007' }));
    await spool.append(
      'outcomes',
      outcome({ id: 'o', at: late, receivedAt: late + 5, value: 2.5, requestId: 'r' }),
    );
    await spool.seal();
    const shipper = await openShipper({ directory, lake });

    expect(await shipper.ship()).toEqual({ segments: 2, records: 4, corruptLines: 0, failed: 0 });

    expect(await namesIn(lake)).toEqual([
      'exposures/tenant=007/date=2026-11-20/w-000001.parquet',
      'exposures/tenant=acme/date=2026-11-20/w-000001.parquet',
      'exposures/tenant=acme/date=2026-11-21/w-000001.parquet',
      'outcomes/tenant=acme/date=2026-11-20/w-000002.parquet',
    ]);
    expect(await readdir(join(directory, 'writers/w'))).toEqual([]);
    const [first, second, third] = await rowsIn(lake, root);
    expect(first).toEqual({
      id: 'a',
      tenant: 'acme',
      date: new Date('2026-11-20'),
      at: new Date(late),
      endpoint: 'movie-ranking',
      experiment: 'ranker-v2',
      revision: 1,
      variant: 'control',
      unit: 'u1',
      propensity_bp: 5_000,
      request_id: 'a',
      assigned_target: 'ranker-v1-aws',
      served_target: 'ranker-v1-aws',
      model: 'movie-ranker',
      version: 'v1',
      cloud: 'aws',
      region: 'us-east-1',
      fallback: false,
      attempts: 1,
      cost: 0.25,
      status: 200,
      error: null,
      latency_ms: 4.5,
      reported: false,
      dimensions: expect.anything(),
    });
    expect(second).toMatchObject({ at: new Date(late + 1), served_target: null, error: 'target-failed' });
    expect(third).toMatchObject({ tenant: '007' });
    expect(await rowsIn(lake, root, 'outcomes')).toEqual([
      {
        id: 'o',
        tenant: 'acme',
        date: new Date('2026-11-20'),
        at: new Date(late),
        received_at: new Date(late + 5),
        event: 'rated',
        unit_type: 'user',
        unit: 'u1',
        value: 2.5,
        request_id: 'r',
      },
    ]);
  });

  it('ships damaged segments without their damaged lines, counts those, and keeps the segment', async () => {
    const { root, directory, lake } = await bench();
    const registry = new Registry();
    await openSpool({ directory, writerId: 'w' }).stop();
    const line = (fields: object) => Buffer.from(`${JSON.stringify({ ...exposure(), ...fields })}\n`);
    const segment = Buffer.concat([
      line({ id: 'good' }),
      Buffer.from('not json\n{"id":"cut\n[1]\n{}\n'),
      Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]),
      Buffer.alloc(64),
      Buffer.from('\n'),
      line({ tenant: '..' }),
      line({ tenant: 'a/../../b' }),
      line({ tenant: "x' OR 1=1 --" }),
      line({ at: 'yesterday' }),
      line({ at: 9e15 }),
      line({ attempts: null }),
      line({ id: 'also-good' }),
    ]);
    await writeFile(join(directory, 'writers/w/exposures-000001.ndjson'), segment);
    const shipper = await openShipper({ directory, lake, registry });

    expect(await shipper.ship()).toEqual({ segments: 1, records: 2, corruptLines: 12, failed: 0 });

    expect((await rowsIn(lake, root)).map(({ id }) => id)).toEqual(['also-good', 'good']);
    expect(await readFile(join(directory, 'quarantine/exposures-w-000001.ndjson'))).toEqual(segment);
    expect(await registry.metrics()).toContain('switchyard_lake_corrupt_lines_total{kind="exposures"} 12');
  });

  it('writes the same objects again when it died between the upload and the removal', async () => {
    const { root, directory, lake } = await bench();
    const spool = openSpool({ directory, writerId: 'w' });
    for (const tenant of ['a', 'b']) await spool.append('exposures', exposure({ tenant, id: tenant }));
    await spool.seal();
    const segment = join(directory, 'writers/w/exposures-000001.ndjson');
    await copyFile(segment, join(root, 'as-it-was'));
    const shipper = await openShipper({ directory, lake });
    await shipper.ship();
    const names = await namesIn(lake);
    const rows = await rowsIn(lake, root);

    await copyFile(join(root, 'as-it-was'), segment);
    await shipper.ship();

    expect(names).toHaveLength(2);
    expect(await namesIn(lake)).toEqual(names);
    expect(await rowsIn(lake, root)).toEqual(rows);
  });

  it('keeps everything while the store is away, and ships it once the store is back', async () => {
    const { root, directory, lake } = await bench();
    const registry = new Registry();
    const spool = openSpool({ directory });
    for (const id of ['1', '2', '3']) {
      await spool.append('exposures', exposure({ id, tenant: 'a' }));
      await spool.append('exposures', exposure({ id: `${id}b`, tenant: 'b' }));
      await spool.seal();
    }
    const shipper = await openShipper({
      directory,
      lake: failing(lake, { passed: 3, failures: 1 }),
      registry,
    });

    expect(await shipper.ship()).toMatchObject({ segments: 1, failed: 2 });
    expect(await registry.metrics()).toContain('switchyard_lake_ship_failures_total 1');
    expect(await shipper.ship()).toMatchObject({ segments: 2, failed: 0 });

    expect((await rowsIn(lake, root)).map(({ id }) => id)).toEqual(['1', '1b', '2', '2b', '3', '3b']);
  });

  it('takes what a dead writer left, and nothing that a living one has open', async () => {
    const { root, directory, lake } = await bench();
    await openSpool({ directory, writerId: 'dead' }).stop();
    await writeFile(
      join(directory, 'writers/dead/exposures-000001.open'),
      `${JSON.stringify(exposure({ id: 'left' }))}\n`,
    );
    const living = openSpool({ directory });
    await living.append('exposures', exposure({ id: 'open' }));
    const shipper = await openShipper({ directory, lake });

    await shipper.ship();

    expect((await rowsIn(lake, root)).map(({ id }) => id)).toEqual(['left']);
  });

  it('ships what was sealed before the call even while another pass is under way', async () => {
    const { root, directory, lake } = await bench();
    const spool = openSpool({ directory });
    const shipper = await openShipper({ directory, lake });
    await spool.append('exposures', exposure({ id: 'first' }));
    await spool.seal();
    const underWay = shipper.ship();
    await spool.append('exposures', exposure({ id: 'second' }));
    await spool.seal();

    await shipper.ship();

    await underWay;
    expect(await rowsIn(lake, root)).toHaveLength(2);
  });

  it('ships by itself once started, until it is stopped', async () => {
    const { directory, lake } = await bench();
    const spool = openSpool({ directory });
    const shipper = await openShipper({ directory, lake, intervalMs: 10 });
    shipper.start();
    await spool.append('exposures', exposure());
    await spool.seal();
    await expect.poll(() => namesIn(lake)).toHaveLength(1);

    await shipper.stop();
    await spool.append('exposures', exposure());
    await spool.seal();

    expect(await namesIn(lake)).toHaveLength(1);
  });

  it('refuses a spool that another shipper has', async () => {
    const { directory, lake } = await bench();
    await openShipper({ directory, lake });

    await expect(openShipper({ directory, lake })).rejects.toThrow('another process ships');
  });
});

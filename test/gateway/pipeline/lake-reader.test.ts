import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LakeReader } from '../../../gateway/pipeline/lake-reader.ts';
import { rowsOf } from '../../../gateway/pipeline/query.ts';
import { FileStore } from '../../../models/artifacts/file-store.ts';
import type { ObjectStore } from '../../../models/artifacts/object-store.ts';
import { openShipper, openSpool } from '../../support/pipeline.ts';
import { exposure } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A store that is not on this machine, as far as its URI tells; counts what is fetched. */
function remote(lake: FileStore): ObjectStore & { readonly fetched: string[] } {
  const fetched: string[] = [];
  return {
    uri: 's3://bucket/lake',
    fetched,
    read: (name, options) => {
      fetched.push(name);
      return lake.read(name, options);
    },
    info: (name) => lake.info(name),
    list: (prefix, options) => lake.list(prefix, options),
    remove: (name) => lake.remove(name),
    write: (name, content, options) => lake.write(name, content, options),
  };
}

async function shippedLake(root: string): Promise<FileStore> {
  const lake = new FileStore(join(root, 'lake [1]*'));
  const directory = join(root, 'spool');
  const spool = openSpool({ directory });
  for (const tenant of ['7', '12', '007']) await spool.append('exposures', exposure({ tenant }));
  await spool.seal();
  const shipper = await openShipper({ directory, lake });
  await shipper.ship();
  // Where the lake's path, read as a pattern, would lead.
  for await (const { name } of lake.list('')) {
    await mkdir(dirname(join(root, 'lake 1', name)), { recursive: true });
    await writeFile(join(root, 'lake 1', name), 'not Parquet');
  }
  return lake;
}

async function tenantsOf(reader: LakeReader): Promise<unknown[]> {
  const { sql, parameters } = await reader.source('exposures');
  const rows = await reader.withConnection((connection) =>
    rowsOf<{ tenant: string }>(connection, `SELECT tenant FROM ${sql} ORDER BY tenant`, parameters),
  );
  return rows.map(({ tenant }) => tenant);
}

describe('the lake reader', () => {
  it('reads a directory in place, whatever characters its path has', async () => {
    const root = await temporaryDirectory();
    const reader = await LakeReader.open({
      lake: await shippedLake(root),
      cacheDirectory: join(root, 'cache'),
    });

    expect(await tenantsOf(reader)).toEqual(['007', '12', '7']);
    reader.close();
  });

  it('fetches each object of a bucket once', async () => {
    const root = await temporaryDirectory();
    const lake = remote(await shippedLake(root));
    const reader = await LakeReader.open({ lake, cacheDirectory: join(root, 'cache') });

    expect(await tenantsOf(reader)).toEqual(['007', '12', '7']);
    expect(await tenantsOf(reader)).toEqual(['007', '12', '7']);
    expect(lake.fetched).toHaveLength(3);
    reader.close();
  });

  it('leaves objects alone that this product did not write', async () => {
    const root = await temporaryDirectory();
    const lake = await shippedLake(root);
    await lake.write('exposures/tenant=7/date=2026-11-20/notes.txt', Buffer.from('mine'));
    const reader = await LakeReader.open({ lake, cacheDirectory: join(root, 'cache') });

    expect(await tenantsOf(reader)).toHaveLength(3);
    reader.close();
  });

  it('has no rows where nothing was shipped', async () => {
    const root = await temporaryDirectory();
    const lake = new FileStore(join(root, 'lake'));
    const reader = await LakeReader.open({ lake, cacheDirectory: join(root, 'cache') });

    expect(await tenantsOf(reader)).toEqual([]);
    reader.close();
  });
});

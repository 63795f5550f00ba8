import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LakeReader } from '../../../gateway/pipeline/lake-reader.ts';
import { rowsOf } from '../../../gateway/pipeline/query.ts';
import { writeOnce } from '../../../gateway/pipeline/write-once.ts';
import type { ObjectStore } from '../../../models/artifacts/object-store.ts';
import { openReader, openShipper, openSpool, openUpkeep } from '../../support/pipeline.ts';
import { exposure } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Ids in the lake as its readers see them, each as often as it is there. */
export async function idsIn(reader: LakeReader): Promise<string[]> {
  const { sql, parameters } = await reader.source('exposures');
  const rows = await reader.withConnection((connection) =>
    rowsOf<{ id: string }>(connection, `SELECT id FROM ${sql} ORDER BY id`, parameters),
  );
  return rows.map(({ id }) => id);
}

/** A gateway with a disk of its own: each call of `deliver` becomes one object of the lake. */
export async function gatewayOn(lake: ObjectStore) {
  const directory = join(await temporaryDirectory(), 'spool');
  const spool = openSpool({ directory });
  const shipper = await openShipper({ directory, lake });
  return async (...ids: string[]) => {
    await Promise.all(ids.map((id) => spool.append('exposures', exposure({ id }))));
    await spool.seal();
    expect(await shipper.ship()).toMatchObject({ failed: 0, corruptLines: 0 });
  };
}

/** What any store must give to several machines that write, merge and read one lake at once. */
export function describeSharedLake(title: string, open: () => Promise<ObjectStore>): void {
  describe(title, () => {
    it('shows every row once, whatever two gateways and two upkeeps are at', async () => {
      const lake = await open();
      const gateways = await Promise.all([gatewayOn(lake), gatewayOn(lake)]);
      const upkeeps = [openUpkeep({ lake, graceMs: 0 }), openUpkeep({ lake, graceMs: 0 })];
      const reader = await openReader({ lake });
      const ids: string[] = [];
      const merges = [];

      for (let round = 0; round < 2; round += 1) {
        for (let count = 0; count < 9; count += 1) {
          const fresh = gateways.map((_deliver, index) => `${round}-${count}-${index}`);
          await Promise.all(gateways.map((deliver, index) => deliver(String(fresh[index]))));
          ids.push(...fresh);
        }
        merges.push(...(await Promise.all(upkeeps.map((upkeep) => upkeep.run()))));
        expect(await idsIn(reader)).toEqual(ids.toSorted());
      }
      for (const upkeep of upkeeps) await upkeep.run();

      expect(await idsIn(reader)).toEqual(ids.toSorted());
      expect(merges.map(({ merges: count }) => count).reduce((a, b) => a + b)).toBe(2);
      expect(merges.every(({ failed, damaged }) => failed + damaged === 0)).toBe(true);
      expect(await reader.objects('exposures')).toHaveLength(1);
    });

    it('lets no writer overwrite what another one wrote under the same name', async () => {
      const lake = await open();
      const name = 'exposures/tenant=acme/date=2026-11-20/w-000001.parquet';
      const contents = ['one', 'two', 'one', 'three'].map((text) => Buffer.from(text));

      await Promise.all(contents.map((content) => writeOnce(lake, name, content)));

      const found: string[] = [];
      for await (const object of lake.list('')) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of await lake.read(object.name)) chunks.push(chunk);
        found.push(Buffer.concat(chunks).toString());
      }
      expect(found.sort()).toEqual(['one', 'three', 'two']);
    });
  });
}

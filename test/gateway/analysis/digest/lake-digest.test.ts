import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exposure } from '../../../../experiments/exposure.ts';
import { LakeDigest } from '../../../../gateway/analysis/digest/lake-digest.ts';
import { rowsOf } from '../../../../gateway/pipeline/query.ts';
import { FileStore } from '../../../../models/artifacts/file-store.ts';
import { deliver, openDigest, openReader } from '../../../support/pipeline.ts';
import { exposure, outcome } from '../../../support/records.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const T0 = Date.UTC(2026, 10, 20, 12);

async function lakeAndDigest() {
  const root = await temporaryDirectory();
  const lake = new FileStore(join(root, 'lake'));
  return { root, lake, digest: await openDigest(lake, root) };
}

/** Every row that the digest holds, without the numbers that it gives itself. */
function contentOf(digest: LakeDigest) {
  return digest.withCurrent(async (connection, state) => ({
    state,
    exposures: await rowsOf<{ at: number; latency_ms: number }>(
      connection,
      `SELECT r.at_ms::DOUBLE AS at, latency_ms, variant, revision FROM digest.exposure r
       JOIN digest.exposure_cell USING (cell) ORDER BY ALL`,
    ),
    outcomes: await rowsOf<{ value: number }>(
      connection,
      `SELECT r.at_ms::DOUBLE AS at, received_ms::DOUBLE AS received, value, event FROM digest.outcome r
       JOIN digest.outcome_cell USING (cell) ORDER BY ALL`,
    ),
  }));
}

async function names(lake: FileStore): Promise<string[]> {
  const found = [];
  for await (const { name } of lake.list('')) found.push(name);
  return found;
}

describe('the digest of a lake', () => {
  it('reads a file once, and only what is new at the next look', async () => {
    const { lake, digest } = await lakeAndDigest();
    await deliver(lake, [{ exposures: [exposure()], outcomes: [outcome({ value: 1 })] }]);

    expect((await contentOf(digest)).state).toMatchObject({ files: 2, filesRead: 2 });
    const again = await contentOf(digest);
    expect(again.state).toMatchObject({ files: 2, filesRead: 0 });
    await deliver(lake, [{ exposures: [exposure({ variant: 'treatment' })] }]);
    const later = await contentOf(digest);
    expect(later.state).toMatchObject({ files: 3, filesRead: 1 });
    expect(later.exposures).toHaveLength(2);
    expect(later.state.fingerprint).not.toBe(again.state.fingerprint);
    expect(await digest.fingerprint()).toBe(later.state.fingerprint);
  });

  it('is still there after a restart', async () => {
    const { root, lake, digest } = await lakeAndDigest();
    await deliver(lake, [{ exposures: [exposure()] }]);
    await contentOf(digest);

    const reopened = await contentOf(await openDigest(lake, root));
    expect(reopened.state).toMatchObject({ files: 1, filesRead: 0 });
    expect(reopened.exposures).toHaveLength(1);
  });

  it('is made anew when its file is damaged', async () => {
    const { root, lake, digest } = await lakeAndDigest();
    await deliver(lake, [{ exposures: [exposure()] }]);
    await contentOf(digest);
    await writeFile(join(root, 'digest.duckdb'), 'not a database');

    const { state, exposures } = await contentOf(digest);
    expect(state.filesRead).toBe(1);
    expect(exposures).toHaveLength(1);
  });

  it('counts the copy that was taken in first, in whatever order the files come', async () => {
    const { lake, digest } = await lakeAndDigest();
    const copy = (value: number, receivedAt: number) => outcome({ id: 'o1', at: T0, value, receivedAt });
    await deliver(lake, [{ outcomes: [copy(2, T0 + 200)] }]);
    expect((await contentOf(digest)).outcomes).toMatchObject([{ value: 2 }]);
    await deliver(lake, [{ outcomes: [copy(3, T0 + 300)] }]);
    expect((await contentOf(digest)).outcomes).toMatchObject([{ value: 2 }]);
    await deliver(lake, [{ outcomes: [copy(1, T0 + 100)] }]);

    expect((await contentOf(digest)).outcomes).toMatchObject([{ value: 1 }]);
  });

  it('falls back on another copy when the file of the one that counted goes', async () => {
    const { lake, digest } = await lakeAndDigest();
    const copy = (value: number) => outcome({ id: 'o1', at: T0, value, receivedAt: T0 + value });
    const files: string[] = [];
    for (const value of [1, 2, 3]) {
      const before = await names(lake);
      await deliver(lake, [{ outcomes: [copy(value), outcome({ value: 10 })] }]);
      files.push(...(await names(lake)).filter((name) => !before.includes(name)));
      await contentOf(digest);
    }
    await lake.remove(files[0] ?? '');
    expect((await contentOf(digest)).outcomes.map(({ value }) => value).toSorted()).toEqual([10, 10, 2]);
    await lake.remove(files[1] ?? '');

    expect((await contentOf(digest)).outcomes.map(({ value }) => value).toSorted()).toEqual([10, 3]);
  });

  it('is the same whether files came one by one, twice, were merged or deleted, or are all read at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            exposures: fc.array(fc.nat(8), { maxLength: 6 }),
            outcomes: fc.array(fc.nat(8), { maxLength: 6 }),
            removed: fc.nat(5),
          }),
          { minLength: 2, maxLength: 4 },
        ),
        async (steps) => {
          const { lake, digest } = await lakeAndDigest();
          for (const { exposures, outcomes, removed } of steps) {
            await deliver(lake, [
              {
                exposures: exposures.map((n) => exposure({ id: `e${n}`, at: T0 + n, latencyMs: n })),
                outcomes: outcomes.map((n) =>
                  outcome({ id: `o${n}`, at: T0 + n, receivedAt: T0 + n, value: n }),
                ),
              },
            ]);
            const kept = await names(lake);
            if (removed < kept.length) await lake.remove(kept[removed] ?? '');
            await contentOf(digest);
          }
          const { state: _state, ...actual } = await contentOf(digest);
          const { state: _fresh, ...expected } = await contentOf(
            await openDigest(lake, await temporaryDirectory()),
          );
          expect(actual).toEqual(expected);
        },
      ),
      { numRuns: 4 },
    );
  });

  it('does not count a merged file twice, before or after the files that it was made of are gone', async () => {
    const { lake, digest } = await lakeAndDigest();
    const records: Exposure[] = [1, 2, 3, 4].map((n) => exposure({ id: `e${n}`, at: T0 + n, latencyMs: n }));
    await deliver(lake, [{ exposures: records.slice(0, 2) }, { exposures: records.slice(2) }]);
    const small = await names(lake);
    const before = await contentOf(digest);
    await deliver(lake, [{ exposures: records }]);
    const during = await contentOf(digest);
    for (const name of small) await lake.remove(name);
    const after = await contentOf(digest);

    expect(during.exposures).toEqual(before.exposures);
    expect(after.exposures).toEqual(before.exposures);
  });

  it('notices that an object was replaced by another of the same name', async () => {
    const { lake, digest } = await lakeAndDigest();
    await deliver(lake, [
      { exposures: [exposure({ latencyMs: 1 })] },
      { exposures: [exposure({ latencyMs: 2 })] },
    ]);
    await contentOf(digest);
    const [first = '', second = ''] = await names(lake);
    const content = await buffer(await lake.read(second));
    await lake.write(first, content);
    await lake.remove(second);

    const { exposures } = await contentOf(digest);
    expect(exposures).toHaveLength(1);
  });

  it('is of the lakes of all clouds together, each id once, and of those only that it is told of', async () => {
    const root = await temporaryDirectory();
    const [aws, gcp] = await Promise.all(
      ['aws', 'gcp'].map(async (cloud) => {
        const lake = new FileStore(join(root, cloud));
        const reported = exposure({ id: 'twice', at: T0, latencyMs: 1 });
        await deliver(lake, [{ exposures: [exposure({ id: cloud, at: T0 + 1, latencyMs: 2 }), reported] }]);
        return openReader({ lake });
      }),
    );
    if (aws === undefined || gcp === undefined) return expect.fail('there are two');
    const path = join(root, 'digest.duckdb');
    const both = await contentOf(new LakeDigest([aws, gcp], path));
    const one = await contentOf(new LakeDigest([aws], path));

    expect(both.state).toMatchObject({ files: 2, filesRead: 2 });
    expect(both.exposures.map(({ latency_ms }) => latency_ms)).toEqual([1, 2, 2]);
    expect(one.exposures.map(({ latency_ms }) => latency_ms)).toEqual([1, 2]);
    expect(one.state.fingerprint).not.toBe(both.state.fingerprint);
  });

  it('looks for the copies that a process which died had not looked for yet', async () => {
    const { lake, digest } = await lakeAndDigest();
    await deliver(lake, [{ outcomes: [outcome({ id: 'o1', value: 1 }), outcome({ id: 'o2', value: 2 })] }]);
    // What it leaves behind: rows that are in, and files noted as not settled.
    await digest.withCurrent(async (connection) => {
      await connection.run('INSERT INTO digest.outcome SELECT * FROM digest.outcome');
      await connection.run('UPDATE digest.file SET settled = false');
    });

    expect((await contentOf(digest)).outcomes.map(({ value }) => value).toSorted()).toEqual([1, 2]);
  });

  it('waits while another process has it', async () => {
    const { root, lake, digest } = await lakeAndDigest();
    await deliver(lake, [{ exposures: [exposure()] }]);
    const { spawn } = await import('node:child_process');
    const holder = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { DuckDBInstance } from '@duckdb/node-api';
       const instance = await DuckDBInstance.create(${JSON.stringify(join(root, 'digest.duckdb'))});
       await instance.connect();
       process.stdout.write('held');
       process.stdin.once('data', () => { instance.closeSync(); process.exit(0); });`,
    ]);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let done = false;
    const content = contentOf(digest).finally(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(done).toBe(false);
    holder.stdin.write('let go');

    expect((await content).exposures).toHaveLength(1);
  });
});

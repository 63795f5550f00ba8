import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { sealAbandonedSegments } from '../../../gateway/pipeline/abandoned-segments.ts';
import { openSpool } from '../../support/pipeline.ts';
import { exposure, invocation, outcome } from '../../support/records.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const run = promisify(execFile);
const support = (file: string) => join(import.meta.dirname, '../../support', file);

/** Files under the writers' directories by their ending, with their lines. */
async function segments(directory: string, ending: '.open' | '.ndjson'): Promise<string[][]> {
  const files = await readdir(join(directory, 'writers'), { recursive: true });
  const wanted = files.filter((file) => file.endsWith(ending)).sort();
  const contents = await Promise.all(
    wanted.map((file) => readFile(join(directory, 'writers', file), 'utf8')),
  );
  return contents.map((content) => {
    if (!content.endsWith('\n')) throw new Error('a segment ends in a torn line');
    return content.split('\n').slice(0, -1);
  });
}

const ids = (lines: readonly string[]) => lines.map((line): unknown => JSON.parse(line).id);

/** A process of its own needs this long at most to begin, on a machine that does much else. */
const STARTING_MS = 15_000;

describe('the spool', () => {
  it('has a record in the file when append resolves', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory });
    const record = exposure({ unit: 'zo\u00eb\u2028\n' });

    expect(await spool.append('exposures', record)).toBe(true);

    const [lines] = await segments(directory, '.open');
    expect(lines?.map((line): unknown => JSON.parse(line))).toEqual([record]);
  });

  it('writes what comes in one turn of the event loop together, and answers each', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory, writerId: 'one' });
    const records = Array.from({ length: 50 }, () => exposure());

    const answers = Promise.all(records.map((record) => spool.append('exposures', record)));

    expect(readdirSync(join(directory, 'writers/one'))).toEqual([]);
    expect(await answers).toEqual(records.map(() => true));
    expect((await segments(directory, '.open')).map(ids)).toEqual([records.map(({ id }) => id)]);
  });

  it('writes at once for a caller whose answer leaves in this turn', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory, writerId: 'one' });
    void spool.append('exposures', exposure({ id: 'now' }));

    spool.commit();

    const content = readFileSync(join(directory, 'writers/one/exposures-000001.open'), 'utf8');
    expect(ids(content.trimEnd().split('\n'))).toEqual(['now']);
  });

  it('keeps exposures, outcomes and invocations in segments of their own', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory });
    await spool.append('exposures', exposure({ id: 'e' }));
    await spool.append('outcomes', outcome({ id: 'o' }));
    await spool.append('invocations', invocation({ id: 'i' }));

    await spool.seal();

    expect((await segments(directory, '.ndjson')).map(ids)).toEqual([['e'], ['i'], ['o']]);
    expect(await segments(directory, '.open')).toEqual([]);
  });

  it('seals a segment before the line that would take it past its size', async () => {
    const directory = await temporaryDirectory();
    const lineBytes = Buffer.byteLength(JSON.stringify(exposure())) + 1;
    const spool = openSpool({ directory, maxSegmentBytes: 2 * lineBytes });
    for (let count = 0; count < 5; count += 1) await spool.append('exposures', exposure());

    await spool.seal();

    expect((await segments(directory, '.ndjson')).map((lines) => lines.length)).toEqual([2, 2, 1]);
  });

  it('seals a segment that has come of age without another append', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory, maxSegmentAgeMs: 30, flushIntervalMs: 10 });
    await spool.append('exposures', exposure());

    await expect.poll(() => segments(directory, '.ndjson')).toHaveLength(1);
  });

  it('shows in a gauge what a lost machine would take, until the flush', async () => {
    const registry = new Registry();
    const unsynced = async () =>
      (await registry.getSingleMetric('switchyard_spool_unsynced_records')?.get())?.values[0]?.value;
    const spool = openSpool({ directory: await temporaryDirectory(), registry, flushIntervalMs: 50 });
    await spool.append('exposures', exposure());
    await spool.append('outcomes', outcome());

    expect(await unsynced()).toBe(2);
    await expect.poll(unsynced).toBe(0);
  });

  it('refuses appends after its end, and says so in the counter', async () => {
    const registry = new Registry();
    const spool = openSpool({ directory: await temporaryDirectory(), registry });
    await spool.stop();

    expect(await spool.append('exposures', exposure())).toBe(false);
    expect(await registry.metrics()).toContain(
      'switchyard_spool_dropped_total{kind="exposures",reason="stopped"} 1',
    );
  });

  it('refuses a writer id that is taken or is no plain name', async () => {
    const directory = await temporaryDirectory();
    openSpool({ directory, writerId: 'one' });

    expect(() => openSpool({ directory, writerId: 'one' })).toThrow('another process');
    expect(() => openSpool({ directory, writerId: '../one' })).toThrow('writerId must be');
  });
});

describe('a full disk', () => {
  it('drops and counts what does not fit, tears no line, and ends when there is room', async () => {
    const directory = await temporaryDirectory();
    const command = `ulimit -f 40; exec "${process.execPath}" "${support('append-to-full-disk.ts')}" "${directory}"`;
    const { stdout } = await run('sh', ['-c', command]);
    const { accepted, metrics, ...rest } = JSON.parse(stdout);

    expect(rest).toEqual({
      refusedAgain: true,
      shortAccepted: true,
      otherKindAccepted: true,
      acceptedAfterSeal: true,
    });
    expect(metrics).toContain('switchyard_spool_dropped_total{kind="exposures",reason="disk"} 2');
    const sealed = await segments(directory, '.ndjson');
    expect(ids(sealed.flat()).filter((id) => accepted.includes(id))).toEqual(accepted);
    expect(sealed.flat()).toHaveLength(accepted.length + 1);
  });
});

describe('a process that dies', () => {
  it('leaves every accepted record, exactly once', async () => {
    for (let round = 0; round < 4; round += 1) {
      const directory = await temporaryDirectory();
      const answers = await open(join(directory, 'answers'), 'w+');
      const child = spawn(process.execPath, [support('append-until-killed.ts'), directory], {
        stdio: ['ignore', answers.fd, 'inherit'],
      });
      try {
        await expect
          .poll(async () => (await answers.stat()).size, { timeout: STARTING_MS })
          .toBeGreaterThan(0);
        await sleep(Math.random() * 100);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await answers.close();
      const accepted = (await readFile(join(directory, 'answers'), 'utf8')).split('\n').slice(0, -1);

      await sealAbandonedSegments(directory);

      const found = ids((await segments(directory, '.ndjson')).flat());
      expect(accepted.length).toBeGreaterThan(0);
      expect(found.slice(0, accepted.length)).toEqual(accepted);
      // Those of the last turn may have been written and not yet named.
      expect(found.length - accepted.length).toBeLessThanOrEqual(50);
    }
  });

  it('leaves a torn last line, which is dropped and counted', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory, writerId: 'dead' });
    await spool.stop();
    const torn = `${JSON.stringify(exposure({ id: 'whole' }))}\n${JSON.stringify(exposure()).slice(0, -9)}`;
    await writeFile(join(directory, 'writers/dead/exposures-000001.open'), torn);
    await writeFile(join(directory, 'writers/dead/exposures-000002.open'), '{"id":"only a torn one');

    expect(await sealAbandonedSegments(directory)).toEqual({ sealed: 2, tornLines: 2 });
    expect((await segments(directory, '.ndjson')).map(ids)).toEqual([['whole']]);
  });

  it('is told from a living one, whose open segment stays its own', async () => {
    const directory = await temporaryDirectory();
    const spool = openSpool({ directory });
    await spool.append('exposures', exposure({ id: 'first' }));

    expect(await sealAbandonedSegments(directory)).toEqual({ sealed: 0, tornLines: 0 });

    await spool.append('exposures', exposure({ id: 'second' }));
    expect((await segments(directory, '.open')).map(ids)).toEqual([['first', 'second']]);
  });

  it('has its directory removed once nothing is left in it', async () => {
    const directory = await temporaryDirectory();
    await openSpool({ directory }).stop();

    await sealAbandonedSegments(directory);

    expect(await readdir(join(directory, 'writers'))).toEqual([]);
  });
});

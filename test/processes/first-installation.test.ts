import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
/** Nothing of these in the files that are written: free ports, and no wait before the end. */
const PORTS = { PORT: '0', METRICS_PORT: '0', DRAIN_NOTICE_MS: '0' };

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'close');
}

/** `switchyard start` in that directory; its URL once it listens. */
async function started(cwd: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [MAIN, 'start'], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...PORTS },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => stop(child));
  for await (const line of createInterface({ input: child.stdout })) {
    const record = JSON.parse(line) as { readonly msg: string; readonly url: string };
    if (record.msg === 'listening') {
      child.stdout.resume();
      return { child, url: record.url };
    }
  }
  throw new Error('it ended before it listened');
}

describe('a first installation', () => {
  it('is written by init, and taken by start, apply, explain and analyze as it stands', async () => {
    const cwd = await temporaryDirectory();
    const cli = (...parameters: string[]) => runCli(parameters, { cwd, env: PORTS });
    const written = await cli('init', '--json');
    expect(JSON.parse(written.stdout)).toMatchObject({
      written: ['switchyard.yaml', '.env', '.env.sample'],
      kept: [],
    });
    expect((await stat(join(cwd, '.env'))).mode & 0o777).toBe(0o600);

    const { child, url } = await started(cwd);
    const at = (...parameters: string[]) => cli('--url', url, ...parameters);
    expect(await at('apply', '-f', 'switchyard.yaml')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('+ experiments/ranker-v2'),
    });
    expect((await at('apply', '-f', 'switchyard.yaml')).stdout).toMatch(/^Nothing to change\./);
    expect(await at('experiment', 'start', 'ranker-v2')).toMatchObject({ exitCode: 0 });
    const explained = await at('explain', '--tenant', 'acme', '--unit', 'user=user-42');
    expect(explained.stdout).toMatch(/^ranker-v2 → (control|treatment)\n {2}✓ running/);
    await stop(child);

    const analyzed = await cli('analyze');
    expect(analyzed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(analyzed.stdout).toMatchInlineSnapshot(`
      "experiment  verdict       files read
      ────────────────────────────────────
      ranker-v2   keep-running           0
      "
    `);
    expect(JSON.parse((await cli('analyze', '--json')).stdout)).toEqual({
      analysed: ['ranker-v2'],
      failed: [],
      halted: [],
    });
  });

  it('never overwrites what is there', async () => {
    const cwd = await temporaryDirectory();
    await writeFile(join(cwd, 'switchyard.yaml'), 'mine');
    await writeFile(join(cwd, '.env'), 'LOG_LEVEL=warn\n');
    const { exitCode, stdout } = await runCli(['init'], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "switchyard.yaml  is there already, and was left alone
      .env             is there already, and was left alone
      .env.sample      every setting, its default and meaning

      Next:
        npx switchyard start
        npx switchyard apply -f switchyard.yaml   (beside it)
      "
    `);
    expect(await readFile(join(cwd, 'switchyard.yaml'), 'utf8')).toBe('mine');
    expect(await readFile(join(cwd, '.env'), 'utf8')).toBe('LOG_LEVEL=warn\n');
  });
});

describe('switchyard analyze', () => {
  it('exits with 78 and says which setting cannot be used', async () => {
    const { exitCode, stderr } = await runCli(['analyze'], { env: { LAKE_URI: 'nowhere' } });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('LAKE_URI') });
  });
});

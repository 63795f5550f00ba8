import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Processes } from '../../demo/processes.ts';

const HOST = 'demo/film-page-host.ts';

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

describe('the processes of the demo', () => {
  it('are there once started, and gone once stopped', async () => {
    const processes = new Processes();
    const host = await processes.start('the film page host', HOST, {});
    const page = await fetch(`${host.listening.url}/detailed/films/0`);
    expect(await page.text()).toContain('<h1>The Land Girls</h1>');
    expect((await fetch(`${host.listening.url}/detailed/films/99999`)).status).toBe(404);
    await processes.stop();
    expect(await answers(host.listening.url)).toBe(false);
  });

  it('can be killed one by one, and killed again without harm', async () => {
    const processes = new Processes();
    const host = await processes.start('the film page host', HOST, {});
    await host.kill();
    await host.kill();
    expect(await answers(host.listening.url)).toBe(false);
    await processes.stop();
  });

  it('say why one did not start', async () => {
    await expect(new Processes().start('nothing', 'demo/no-such-file.ts', {})).rejects.toThrow(
      /nothing ended with code 1 before it listened[\s\S]*no-such-file\.ts/,
    );
  });

  it('end with the demo even when it is killed without warning', async () => {
    const script = `
      const { Processes } = await import(${JSON.stringify(new URL('../../demo/processes.ts', import.meta.url).href)});
      const host = await new Processes().start('the film page host', ${JSON.stringify(HOST)}, {});
      console.log(host.listening.url);
      setInterval(() => undefined, 1_000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(createInterface({ input: parent.stdout }), 'line');
    expect(await answers(url)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => answers(url), { timeout: 5_000 }).toBe(false);
  });
});

describe('the command line of the demo', () => {
  it('refuses an option it does not know, by name', async () => {
    const run = promisify(execFile)(process.execPath, ['demo/main.ts', '--quick']);
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("'--quick'") });
  });
});

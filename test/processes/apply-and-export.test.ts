import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

let gateway: TestGateway;
let directory: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  directory = await mkdtemp(join(tmpdir(), 'switchyard-cli-'));
});

afterAll(async () => {
  await gateway.stop();
  await rm(directory, { recursive: true, force: true });
});

const cli = (...parameters: string[]) =>
  runCli(['--url', gateway.url, ...parameters], { env: { ADMIN_API_KEY: ADMIN_KEY } });

describe('switchyard apply and export', () => {
  it('plan, apply and give back one file', async () => {
    const file = join(directory, 'switchyard.yaml');
    await writeFile(
      file,
      'layers:\n  - key: ranking\nmetrics:\n  - { key: clicks, event: click, kind: proportion }\n',
    );

    const plan = await cli('apply', '-f', file, '--dry-run');
    expect(plan).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('+ layers/ranking') });
    expect((await cli('export', '--json')).stdout).not.toContain('ranking');

    expect(await cli('apply', '-f', file)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('At revision'),
    });
    const exported = join(directory, 'exported.yaml');
    await writeFile(exported, (await cli('export')).stdout);
    expect((await cli('apply', '-f', exported)).stdout).toContain('Nothing to change.');
  });

  it('say every issue of a file that cannot be applied, and change nothing', async () => {
    const file = join(directory, 'wrong.yaml');
    await writeFile(file, 'metrics:\n  - { key: Not A Key, event: click, kind: proportion }\n');
    const { exitCode, stderr } = await cli('apply', '-f', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('key');
  });
});

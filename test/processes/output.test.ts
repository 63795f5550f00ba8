import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rankingExperiment, registerRanking } from '../support/ranking-endpoint.ts';
import { runCli } from '../support/run-cli.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const env = { ADMIN_API_KEY: ADMIN_KEY };
let gateway: TestGateway;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'switchyard-output-'));
  await writeFile(
    join(directory, 'plan.yaml'),
    'layers: [{ key: new }]\nendpoints: [{ key: ranking, defaultTarget: ranker-v2-aws }]\n',
  );
  gateway = await startTestGateway();
  await registerRanking(gateway, { aws: 'http://127.0.0.1:9', gcp: 'http://127.0.0.1:9' });
  await gateway.register('/metrics', { key: 'clicks', event: 'click', kind: 'proportion' });
  const metrics = { primary: 'clicks', guardrails: ['error-rate'] };
  await gateway.register('/experiments', rankingExperiment({ metrics, audience: { country: 'DE' } }));
  await gateway.register('/experiments/ranker-v2/start', {});
});

afterAll(async () => {
  await gateway.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What differs from run to run, by its name; colours by their number. */
function steady(text: string): string {
  return text
    .replaceAll(gateway.url, 'GATEWAY')
    .replaceAll(directory, 'DIRECTORY')
    .replaceAll('\x1b[', '⟨')
    .replace(/⟨(\d+)m/g, '⟨$1⟩')
    .replaceAll('\r\n', '\n');
}

describe('what a command says', () => {
  it.each([
    ['explain', ['explain', '--unit', 'user=u1', '--context', '{"country": "FR"}']],
    ['plan', ['apply', '--dry-run', '-f', 'plan.yaml']],
    ['refusal', ['experiment', 'start', 'ranker-v2']],
  ])('is the same as ever on a terminal and as JSON: %s', async (name, words) => {
    const parameters = [
      '--url',
      gateway.url,
      ...words.map((word) => word.replace('plan.yaml', join(directory, word))),
    ];
    const terminal = await runOnTerminal(parameters, { env });
    await expect(steady(terminal.raw)).toMatchFileSnapshot(`output/${name}.terminal.txt`);
    const { stdout, stderr, exitCode } = await runCli([...parameters, '--json'], { env });
    expect(exitCode).toBe(terminal.exitCode);
    const said = JSON.parse(steady(stdout === '' ? stderr : stdout));
    await expect(`${JSON.stringify(said, null, 2)}\n`).toMatchFileSnapshot(`output/${name}.json.txt`);
  });

  it('begins with the verdict, and has a row for each metric and variant', async () => {
    const parameters = ['--url', gateway.url, 'experiment', 'results', 'ranker-v2'];
    const terminal = await runOnTerminal(parameters, { env });
    await expect(steady(terminal.raw)).toMatchFileSnapshot('output/results.terminal.txt');
    const { stdout } = await runCli([...parameters, '--json'], { env });
    expect(terminal.text).toContain(JSON.parse(stdout).verdict.sentence);
  });
});

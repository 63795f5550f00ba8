import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueOf } from '../../infra/catalogue.ts';
import { runCli } from '../support/run-cli.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const CATALOGUE = catalogueOf(
  [{ model: 'ranker', version: 'v1', artifact: 'ranker/v1.onnx', sha256: 'a'.repeat(64), sizeBytes: 10 }],
  [
    {
      cloud: 'aws',
      region: 'eu-west-1',
      runnerUrl: 'https://runner.acme.example',
      modelsUri: 's3://models/',
    },
  ],
);

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(() => gateway.stop());

/** An environment with a double of Pulumi's own command, which answers the outputs of the stack `prod`. */
async function withStack(): Promise<Readonly<Record<string, string>>> {
  const bin = await temporaryDirectory();
  const outputs = JSON.stringify({ url: gateway.url, catalogue: CATALOGUE });
  const script = `#!/bin/sh\n[ "$*" = "stack output --json --stack prod" ] && echo '${outputs}'\n`;
  await writeFile(join(bin, 'pulumi'), script);
  await chmod(join(bin, 'pulumi'), 0o755);
  return { PATH: `${bin}${delimiter}${process.env['PATH']}`, ADMIN_API_KEY: ADMIN_KEY };
}

describe('switchyard targets sync', () => {
  it("registers what a stack has placed at the stack's own gateway, and says each thing", async () => {
    const env = await withStack();
    const { exitCode, stdout, stderr } = await runCli(['targets', 'sync', 'prod'], { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe(
      'created   models/ranker\ncreated   models/ranker/versions/v1\ncreated   targets/ranker-v1-aws-eu-west-1\n',
    );
    const again = await runCli(['targets', 'sync', 'prod', '--json'], { env });
    expect(JSON.parse(again.stdout)).toMatchObject([
      { path: 'models/ranker', outcome: 'unchanged' },
      { outcome: 'unchanged' },
      { outcome: 'unchanged' },
    ]);
  });

  it('shows on a terminal how far it is, and leaves no bar behind', async () => {
    const { raw, text } = await runOnTerminal(['targets', 'sync', 'prod'], { env: await withStack() });
    expect(text).toContain('━ 3/3 targets/ranker-v1-aws-eu-west-1');
    expect(raw.slice(raw.lastIndexOf('3/3'))).toContain('\r\x1b[K');
  });

  it('goes to the gateway that is named, and says when that one is away', async () => {
    const env = await withStack();
    const { exitCode, stderr } = await runCli(['--url', 'http://127.0.0.1:9', 'targets', 'sync', 'prod'], {
      env,
    });
    expect(exitCode).toBe(1);
    expect(stderr).not.toBe('');
  });
});

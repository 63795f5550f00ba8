import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { gatewayEnvironmentSchema } from '../../gateway/environment-schema.ts';
import { runnerEnvironmentSchema } from '../../models/runner/config.ts';
import { settingsTable } from '../support/settings-table.ts';
import { ADMIN_KEY, startTestGateway } from '../support/test-gateway.ts';

const run = promisify(execFile);
const readme = readFileSync('README.md', 'utf8');
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const { scripts, dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

describe('the README', () => {
  it('lists the settings as the gateway and the runner read them', () => {
    expect(readme).toContain(settingsTable(gatewayEnvironmentSchema.shape));
    expect(readFileSync('models/runner/README.md', 'utf8')).toContain(
      settingsTable(runnerEnvironmentSchema.shape, { ONNX_WORKERS: 'cores − 1' }),
    );
  });

  it('names only scripts that there are', () => {
    const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'ci' && name !== 'run');
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(scripts).toHaveProperty([name]);
  });

  it('links only to files that there are', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.filter((path) => !path.startsWith('http') && !existsSync(path))).toEqual([]);
  });

  it('shows an experiment by hand that works as it stands', async () => {
    const gateway = await startTestGateway();
    try {
      const shown = blocks.find((text) => text.includes('SWITCHYARD='));
      const commands = shown
        ?.replace('http://127.0.0.1:8080', gateway.url)
        .replaceAll('an-admin-key-of-your-own', ADMIN_KEY);
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands ?? 'exit 1'], {
        timeout: 20_000,
      });
      expect(stdout).toMatch(/x-switchyard-variant: (control|treatment)/);
      expect(stdout).toContain('"accepted":1');
      expect(stdout).toMatch(/"verdict":\{"decision":"keep-running"/);
    } finally {
      await gateway.stop();
    }
  });
});

describe('the architecture page', () => {
  it('says what each dependency is for', () => {
    const page = readFileSync('ARCHITECTURE.md', 'utf8');
    const names = Object.keys({ ...dependencies, ...devDependencies });
    expect(names.filter((name) => !new RegExp(`^\\|[^|]*(^|[ |])${name}([ ,|])`, 'm').test(page))).toEqual(
      [],
    );
  });
});

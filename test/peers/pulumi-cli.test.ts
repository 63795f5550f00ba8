import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goProgram, whyNoGo } from '../support/go-tools.ts';
import { STACK_NAMES, stackOf } from '../support/stack-files.ts';

const missing = whyNoGo();
const SOURCES = ['infra', 'gateway', 'models', 'experiments', 'node_modules', 'package.json', 'Pulumi.yaml'];

/** A build takes minutes the first time on a machine; a run of the program, some seconds. */
const BUILD_TIMEOUT_MS = 1_800_000;

/**
 * The real Pulumi CLI with its own engine and a local backend. Not real are the plugins, which no registry has:
 * the clouds' providers, and the language host, which starts the SDK's own runner.
 */
describe.skipIf(missing !== null)(`the Pulumi CLI${missing === null ? '' : `, skipped: ${missing}`}`, () => {
  let project: string;
  let pulumi: (...args: readonly string[]) => Promise<string>;

  beforeAll(async () => {
    const path = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';
    const cli = await goProgram({ name: 'pulumi', path, version: 'v3.259.0' });
    project = await mkdtemp(join(tmpdir(), 'switchyard-pulumi-'));
    for (const source of SOURCES) await symlink(resolve(source), join(project, source));
    const bin = join(project, 'bin');
    await mkdir(bin);
    const plugin = async (name: string, file: string, ...args: readonly string[]) => {
      const script = resolve('test/support/pulumi-cli', file);
      await writeFile(
        join(bin, name),
        `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@" ${args.join(' ')}\n`,
      );
      await chmod(join(bin, name), 0o755);
    };
    await plugin('pulumi-language-nodejs', 'language-host.ts');

    await plugin('pulumi-resource-aws', 'provider.ts', '7.48.0');
    await plugin('pulumi-resource-gcp', 'provider.ts', '9.37.0');
    const env = {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      HOME: project,
      PULUMI_HOME: join(project, 'home'),
      PULUMI_BACKEND_URL: `file://${project}`,
      PULUMI_CONFIG_PASSPHRASE: 'of this test alone',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    };
    pulumi = async (...args) => {
      const options = { cwd: project, env, maxBuffer: 67_108_864 };
      const { stdout } = await promisify(execFile)(cli, [...args, '--non-interactive'], options).catch(
        (error) => {
          throw new Error(`pulumi ${args.join(' ')}:\n${error.stdout}\n${error.stderr}`);
        },
      );
      return stdout;
    };
  }, BUILD_TIMEOUT_MS);
  afterAll(() => rm(project, { recursive: true, force: true }));

  /** A stack as an infra engineer makes it: the file as it is shown, then its secrets. */
  async function makeStack(name: string): Promise<void> {
    await copyFile(`Pulumi.${name}.yaml`, join(project, `Pulumi.${name}.yaml`));
    await pulumi('stack', 'init', name);
    for (const [key, value] of Object.entries(stackOf(name).secrets)) {
      await pulumi('config', 'set', '--secret', key, value, '--stack', name);
    }
  }

  it.each(STACK_NAMES)('previews %s', async (name) => {
    await makeStack(name);
    const preview = await pulumi('preview', '--stack', name, '--json');
    const { steps, diagnostics = [] } = JSON.parse(preview);
    expect(diagnostics.filter(({ severity }: { severity: string }) => severity === 'error')).toEqual([]);
    expect(steps.length).toBeGreaterThan(60);
    for (const secret of Object.values(stackOf(name).secrets)) expect(preview).not.toContain(secret);
  });

  it('makes both clouds, finds nothing to change afterwards, and keeps every secret encrypted', async () => {
    const name = 'both-production';
    await pulumi('up', '--stack', name, '--yes', '--skip-preview', '--suppress-progress');
    await pulumi('preview', '--stack', name, '--expect-no-changes', '--suppress-progress');

    const outputs = JSON.parse(await pulumi('stack', 'output', '--json', '--stack', name));
    expect(outputs.catalogue.targets).toHaveLength(4);
    const state = await readFile(join(project, `.pulumi/stacks/switchyard/${name}.json`), 'utf8');
    for (const secret of Object.values(stackOf(name).secrets)) expect(state).not.toContain(secret);
  });

  it('breaks no rule of the policy pack as Pulumi runs it, and is refused when it does', async () => {
    const name = 'both-production';
    const check = () => pulumi('preview', '--stack', name, '--policy-pack', 'infra/policy');
    expect(await check()).toMatch(/Policies:\s+.*switchyard/);
    // A rule that nothing can keep, beside the others.
    await rm(join(project, 'infra'));
    await cp('infra', join(project, 'infra'), { recursive: true });
    const rules = join(project, 'infra/policy/network-rules.ts');
    await writeFile(rules, (await readFile(rules, 'utf8')).replace('TLS13-1-[23]-', 'TLS14-'));
    await expect(check()).rejects.toThrow(/tls-minimum/);
  });

  it('refuses to destroy what holds data', async () => {
    await expect(pulumi('destroy', '--stack', 'both-production', '--yes')).rejects.toThrow(/protect/);
  });
});

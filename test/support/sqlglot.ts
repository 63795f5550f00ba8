import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A parser of many engines' SQL, in a virtual environment that outlives the test. */
const PACKAGE = 'sqlglot==30.30.0';
const VENV = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'switchyard-test',
  'sqlglot-30.30.0',
);
/** The interpreter that has it. */
export const SQLGLOT_PYTHON = join(VENV, 'bin', 'python');

/** Null when the parser is there or could be installed; else why not. */
export function whyNoSqlglot(): string | null {
  const works = () =>
    existsSync(SQLGLOT_PYTHON) && spawnSync(SQLGLOT_PYTHON, ['-c', 'import sqlglot']).status === 0;
  if (works()) return null;
  if (spawnSync('python3', ['-m', 'venv', VENV]).status !== 0) return 'needs python3 with venv';
  spawnSync(SQLGLOT_PYTHON, ['-m', 'pip', 'install', '--quiet', PACKAGE]);
  return works() ? null : `pip could not install ${PACKAGE}`;
}

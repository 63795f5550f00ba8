import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface PythonEnvironment {
  /** The interpreter that has the packages. */
  readonly python: string;
  /** Null when they are there or could be installed; else why not. */
  readonly missing: string | null;
}

/** A virtual environment with these packages, installed where it outlives the test. */
export function pythonEnvironment(
  name: string,
  { packages, imports }: { readonly packages: readonly string[]; readonly imports: string },
): PythonEnvironment {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'switchyard-test', name);
  const python = join(folder, 'bin', 'python');
  const works = () => existsSync(python) && spawnSync(python, ['-c', `import ${imports}`]).status === 0;
  if (works()) return { python, missing: null };
  if (spawnSync('python3', ['-m', 'venv', folder]).status !== 0)
    return { python, missing: 'needs python3 with venv' };
  spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...packages]);
  return { python, missing: works() ? null : `pip could not install ${packages.join(', ')}` };
}

/** Runs a script that reads JSON from its input and prints JSON. */
export function runPython(python: string, script: string, input: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = execFile(python, ['-c', script], { maxBuffer: 1e8 }, (error, stdout) =>
      error === null ? resolve(JSON.parse(stdout)) : reject(error),
    );
    child.stdin?.end(JSON.stringify(input));
  });
}

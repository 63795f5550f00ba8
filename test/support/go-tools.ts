import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Null when Go programs can be built here; else why not. */
export const whyNoGo = (): string | null =>
  spawnSync('go', ['version']).status === 0 ? null : 'the Go toolchain is not installed';

/** A program built through the Go module proxy on first use, and kept under ~/.cache/switchyard-peers. */
export async function goProgram(tool: {
  readonly name: string;
  /** The package of its `main`, within a module of the version. */
  readonly path: string;
  readonly version: string;
}): Promise<string> {
  const { name, path, version } = tool;
  const directory = join(homedir(), '.cache', 'switchyard-peers', `${name}-${version}`);
  const binary = join(directory, name);
  if (existsSync(binary)) return binary;
  await mkdir(directory, { recursive: true });
  // A module of our own, so that one with replacements in its go.mod can be built too.
  await writeFile(join(directory, 'go.mod'), `module ${name}-peer\n\ngo 1.24\n`);
  const options = { cwd: directory, env: { ...process.env, GOFLAGS: '-buildvcs=false' } };
  await run('go', ['get', '-tool', `${path}@${version}`], { ...options, maxBuffer: 67_108_864 });
  await run('go', ['build', '-o', binary, path], options);
  return binary;
}

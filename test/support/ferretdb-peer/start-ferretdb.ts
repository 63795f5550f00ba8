import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** The last FerretDB with a backend of its own: from 2.0 on it needs PostgreSQL with an extension. */
const VERSION = '1.24.2';
const SOURCE = join(import.meta.dirname, 'main.go');

const run = promisify(execFile);

/** Why FerretDB cannot be built here; null when it can. */
export function missingForFerretDb(): string | null {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'the Go toolchain is not installed';
  }
}

/**
 * FerretDB, an independent server of MongoDB's wire protocol, on SQLite in a directory that goes with it. Built
 * through the Go module proxy on first use, and kept under ~/.cache/switchyard-peers.
 */
export async function startFerretDb(): Promise<{ readonly uri: string; stop(): Promise<void> }> {
  const binary = await buildFerretDb();
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-ferretdb-'));
  const server = spawn(binary, [directory], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(server, 'exit');
  const firstLine = once(createInterface(server.stdout), 'line').then(([line]) => String(line));
  const uri = await Promise.race([
    firstLine,
    exited.then(([code]) => Promise.reject(new Error(`FerretDB ended with code ${code}`))),
  ]);
  return {
    uri,
    async stop() {
      server.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}

async function buildFerretDb(): Promise<string> {
  const cache = join(homedir(), '.cache', 'switchyard-peers', `ferretdb-${VERSION}`);
  const binary = join(cache, 'ferretdb-peer');
  const [built, source] = await Promise.all([stat(binary).catch(() => null), stat(SOURCE)]);
  if (built !== null && built.mtimeMs > source.mtimeMs) return binary;
  await mkdir(cache, { recursive: true });
  await copyFile(SOURCE, join(cache, 'main.go'));
  await writeFile(join(cache, 'go.mod'), 'module ferretdb-peer\n\ngo 1.22\n');
  const options = { cwd: cache, env: { ...process.env, GOFLAGS: '-buildvcs=false' } };
  await run('go', ['get', `github.com/FerretDB/FerretDB/ferretdb@v${VERSION}`], options);
  await run('go', ['build', '-o', binary, '.'], options);
  return binary;
}

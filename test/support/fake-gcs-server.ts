import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** An emulator of Google Cloud Storage's JSON API that others wrote, built through the Go module proxy. */
const VERSION = '1.56.1';
const DIRECTORY = join(homedir(), '.cache', 'switchyard-peers', `fake-gcs-server-${VERSION}`);
const BINARY = join(DIRECTORY, 'fake-gcs-server');

/** Null when it is there or could be built; else why not. */
export function whyNoFakeGcs(): string | null {
  if (existsSync(BINARY)) return null;
  if (spawnSync('go', ['version']).status !== 0) return 'the Go toolchain is not installed';
  mkdirSync(DIRECTORY, { recursive: true });
  const built = spawnSync('go', ['install', `github.com/fsouza/fake-gcs-server@v${VERSION}`], {
    env: { ...process.env, GOBIN: DIRECTORY },
  });
  return existsSync(BINARY)
    ? null
    : `go could not build fake-gcs-server ${VERSION}: ${String(built.stderr).slice(-200)}`;
}

/** The emulator on loopback, in memory, with one bucket: `models`. */
export async function startFakeGcs(port: number): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const url = `http://127.0.0.1:${port}`;
  const flags = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'];
  const server = spawn(BINARY, [...flags, '-public-host', `127.0.0.1:${port}`, '-log-level', 'error'], {
    stdio: 'ignore',
  });
  const exited = once(server, 'exit');
  const stop = async () => {
    server.kill('SIGKILL');
    await exited;
  };
  const made = () =>
    fetch(`${url}/storage/v1/b?project=test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"models"}',
    });
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await made().catch(() => null))?.ok) return { url, stop };
    await sleep(50);
  }
  await stop();
  throw new Error('the emulator did not answer within 10 s');
}

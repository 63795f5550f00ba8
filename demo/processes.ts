import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = path.join(import.meta.dirname, '..');
const PRELOAD = path.join(import.meta.dirname, 'die-with-parent.ts');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const KEPT_LOG_LINES = 20;

/** One running server: what it said when it began to listen, and the means to end it. */
export interface ServerProcess {
  readonly name: string;
  /** The log record with `"msg":"listening"`. */
  readonly listening: Readonly<Record<string, unknown>> & { readonly url: string };
  /** SIGKILL: no farewell, as when a machine is lost. */
  kill(): Promise<void>;
}

/** The processes of the demo, all of which end with it. */
export class Processes {
  readonly #children = new Set<ChildProcess>();

  constructor() {
    process.once('exit', () => {
      for (const child of this.#children) child.kill('SIGKILL');
    });
  }

  /** Runs a script of this repository until it says that it listens. Throws with its last log lines if it does not. */
  async start(name: string, script: string, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const child = spawn(process.execPath, ['--import', PRELOAD, path.join(ROOT, script)], {
      cwd: ROOT,
      env: { ...inheritedEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    const listening = await listeningRecord(name, child);
    return {
      name,
      listening,
      kill: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  /** Asks every process to stop, and kills those that have not after five seconds. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#children].map(async (child) => {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        const late = Symbol();
        if ((await Promise.race([exited, delay(STOP_TIMEOUT_MS, late, { ref: false })])) !== late) return;
        child.kill('SIGKILL');
        await exited;
      }),
    );
  }
}

/** What a server needs of the demo's own environment; settings of a real gateway must not leak into this one. */
function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'SystemRoot', 'NODE_COMPILE_CACHE'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function listeningRecord(name: string, child: ChildProcess): Promise<ServerProcess['listening']> {
  const lastLines: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string) =>
      reject(new Error(`${name} ${what}. The last it said:\n${lastLines.join('\n') || '(nothing)'}`));
    const timer = setTimeout(() => fail(`was not ready within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    const onLine = (line: string) => {
      lastLines.push(line);
      if (lastLines.length > KEPT_LOG_LINES) lastLines.shift();
      const record = line.includes('"listening"') ? parsedRecord(line) : null;
      if (record === null) return;
      clearTimeout(timer);
      resolve(record);
    };
    // Read to the end: a child whose output nobody reads stands still once the pipe is full.
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', onLine);
    }
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? `code ${code}`} before it listened`);
    });
  });
}

function parsedRecord(line: string): ServerProcess['listening'] | null {
  try {
    const record: unknown = JSON.parse(line);
    const isListening =
      typeof record === 'object' &&
      record !== null &&
      'msg' in record &&
      record.msg === 'listening' &&
      'url' in record &&
      typeof record.url === 'string';
    return isListening ? (record as ServerProcess['listening']) : null;
  } catch {
    return null; // a line that is not a log record says nothing about listening
  }
}

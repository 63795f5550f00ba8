import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../gateway/main.ts');
/** Ends the gateway with the tests, however they end. */
const PRELOAD = join(import.meta.dirname, '../../demo/die-with-parent.ts');
const START_TIMEOUT_MS = 30_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `node gateway/main.ts` as a process of its own. */
export interface GatewayProcess {
  readonly url: string;
  readonly metricsUrl: string;
  readonly pid: number;
  /** Every line it has written so far, standard error included. */
  readonly lines: readonly string[];
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Exit>;
}

interface Spawned {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly exited: Promise<Exit>;
  /** The log record that says that it listens; rejects when it ends before that. */
  readonly listening: Promise<{ readonly url: string; readonly metricsUrl: string }>;
}

/** Starts the gateway with these settings and no others; ports are free ones unless given. */
export async function startGatewayProcess(
  environment: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const { child, lines, exited, listening } = spawnGateway(environment);
  const { url, metricsUrl } = await listening;
  return {
    url,
    metricsUrl,
    pid: child.pid ?? 0,
    lines,
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs the gateway with settings that it should refuse, and answers how it ended and what it said. */
export async function runToItsEnd(
  environment: Readonly<Record<string, string>>,
): Promise<Exit & { readonly output: string }> {
  const { lines, exited, listening } = spawnGateway(environment);
  const exit = await Promise.race([
    exited,
    listening.then(
      () => Promise.reject(new Error('it started')),
      () => exited,
    ),
  ]);
  return { ...exit, output: lines.join('\n') };
}

function spawnGateway(environment: Readonly<Record<string, string>>): Spawned {
  const child = spawn(process.execPath, ['--import', PRELOAD, MAIN], {
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      METRICS_PORT: '0',
      DRAIN_NOTICE_MS: '0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lines: string[] = [];
  const ended = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  const listening = new Promise<{ url: string; metricsUrl: string }>((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`the gateway ${what}:\n${lines.slice(-20).join('\n')}`));
    const timer = setTimeout(() => fail(`did not listen within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.includes('"msg":"listening"')) resolve(JSON.parse(line));
      });
    }
    void ended.then(({ code, signal }) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? code} before it listened`);
    });
  });
  return { child, lines, exited: ended, listening };
}

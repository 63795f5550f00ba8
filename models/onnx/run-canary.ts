import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '../codecs/tensor.ts';
import { ModelError, type ModelFailure } from './model-error.ts';
import type { ModelProfile } from './model-profile.ts';

/** What the child is told, and what it says before it ends. */
export interface CanaryTask {
  readonly path: string;
  /** Inputs to run it with; the smallest that fit, unless given. */
  readonly example?: readonly Tensor[] | undefined;
}
export type CanaryReport = { readonly profile: ModelProfile } | { readonly failure: ModelFailure };

export interface CanaryLimits {
  /** Longest that loading and one run may take, ms. */
  readonly deadlineMs: number;
  /** Memory that the child may allocate, model included. */
  readonly memoryMiB: number;
}
export const DEFAULT_CANARY_LIMITS: CanaryLimits = { deadlineMs: 30_000, memoryMiB: 4_096 };

const CHILD = fileURLToPath(new URL('canary.child.ts', import.meta.url));
/** Of the child's own heap, which only holds the file's outline; weights lie outside of it. */
const HEAP_MIB = 256;
/**
 * Requests go first: with this a thread that serves has three times the share of one that admits, and is let in at once.
 * Not lower, or on a machine that is always busy no model would be admitted within its deadline.
 */
const NICENESS = 5;

/**
 * Inspects, loads, runs and measures a model in a process of its own, so that a file that crashes, hangs or
 * devours memory takes only that process with it (a thread cannot be stopped within a native call). Throws
 * ModelError: `runaway` past a limit, else what the child found.
 */
export async function runCanary(
  task: CanaryTask,
  limits: CanaryLimits = DEFAULT_CANARY_LIMITS,
  signal?: AbortSignal,
): Promise<ModelProfile> {
  signal?.throwIfAborted();
  const child = start(limits.memoryMiB);
  const kill = () => child.kill('SIGKILL');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, limits.deadlineMs);
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const { report, exit } = await outcomeOf(child, task);
    signal?.throwIfAborted();
    if (late) throw new ModelError('runaway', `the canary run was still busy after ${limits.deadlineMs} ms`);
    if (report === null) {
      throw new ModelError(
        'failed',
        `the canary process died (${exit}), perhaps past its ${limits.memoryMiB} MiB`,
      );
    }
    if ('failure' in report) throw new ModelError(report.failure.code, report.failure.message);
    return report.profile;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  }
}

function start(memoryMiB: number): ChildProcess {
  const command = [process.execPath, `--max-old-space-size=${HEAP_MIB}`, CHILD];
  // Only a shell can set the limit before Node starts; where there is none, the deadline alone bounds it.
  const limited = ['/bin/sh', '-c', 'ulimit -d "$0" && exec "$@"', String(memoryMiB * 1_024), ...command];
  const [file = '', ...parameters] = process.platform === 'linux' ? limited : command;
  // No environment: a hostile model finds no credentials there. No output: it may hold anything.
  const child = spawn(file, parameters, {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {},
    // Tensors cross as they are.
    serialization: 'advanced',
  });
  if (child.pid !== undefined) yieldToOthers(child.pid);
  return child;
}

/** Before the child starts its threads, which inherit it. */
function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch {
    // It is gone already, and says so by its end.
  }
}

function outcomeOf(
  child: ChildProcess,
  task: CanaryTask,
): Promise<{ report: CanaryReport | null; exit: string }> {
  return new Promise((resolve, reject) => {
    // A child that is gone before it was told says so by its end.
    child.send(task, () => undefined);
    let report: CanaryReport | null = null;
    child.once('message', (message) => {
      report = message as CanaryReport;
    });
    child.once('error', reject);
    child.once('close', (code, killedBy) => resolve({ report, exit: killedBy ?? `exit code ${code}` }));
  });
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';

export interface OwnedTask {
  /** Of the lease: one process of the installation at a time runs the task of that name. */
  readonly name: string;
  /** From the end of one run to the beginning of the next; sooner after a run that failed. */
  readonly intervalMs: number;
  readonly store: Pick<ConfigurationStore, 'holdLease' | 'releaseLease'>;
  readonly logger: Logger;
  /** One round. What it throws is logged, and the next round comes; the signal aborts when the process stops. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface Running {
  /** Waits for the round under way, and lets another process have the task. */
  stop(): Promise<void>;
}

/** How often a round may be missed before another process takes over. */
const MISSED_ROUNDS = 5;
const LEAST_TTL_MS = 10_000;
/** A lease is renewed at least this often, however seldom the task runs, so that another process takes over soon. */
const LONGEST_PAUSE_MS = 10_000;

/** Runs a task at an interval in whichever one process of the installation holds its lease. */
export function runAsOwner({ name, intervalMs, store, logger, run }: OwnedTask): Running {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pauseMs = Math.min(intervalMs, LONGEST_PAUSE_MS);
  const claim = { name, owner: randomUUID(), ttlMs: Math.max(MISSED_ROUNDS * pauseMs, LEAST_TTL_MS) };
  let dueAt = performance.now();
  const round = async () => {
    if (!(await store.holdLease(claim))) return;
    // Timers may be a little early.
    if (performance.now() + pauseMs / 2 < dueAt) return;
    await run(signal);
    dueAt = performance.now() + intervalMs;
  };
  const loop = async () => {
    while (!signal.aborted) {
      await round().catch((error: unknown) => {
        logger.warn({ err: error, task: name }, 'a round of the task failed: it is tried again');
      });
      // Rejects only when stopped.
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    // A database that is away forgets the lease by itself, when its time is up.
    await store.releaseLease(claim).catch(() => undefined);
  };
  const finished = loop();
  return {
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

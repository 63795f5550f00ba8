import { setTimeout as sleep } from 'node:timers/promises';

export interface Looking {
  /** Waits for the look under way. */
  stop(): Promise<void>;
}

/** Looks again and again, with a pause after each look, in every process. */
export function keepLooking(look: () => Promise<void>, intervalMs: number): Looking {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    while (!signal.aborted) {
      await look();
      // Rejects only when stopped.
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const finished = loop();
  return {
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

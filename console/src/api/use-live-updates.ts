import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { credentials } from './session.ts';

export type Connection = 'connecting' | 'live' | 'away';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

/** Reads everything on the page again when the configuration changes; tries for ever, with growing pauses. */
export function useLiveUpdates({ enabled }: { readonly enabled: boolean }): Connection {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>('connecting');
  useEffect(() => {
    if (!enabled) return;
    const leaving = new AbortController();
    const lost = () => setConnection('away');
    window.addEventListener('offline', lost);
    void follow(leaving.signal, {
      onOpen: () => setConnection('live'),
      onAway: () => setConnection('away'),
      onChange: () => void queries.invalidateQueries(),
    });
    return () => {
      window.removeEventListener('offline', lost);
      leaving.abort();
    };
  }, [queries, enabled]);
  return connection;
}

interface Listeners {
  readonly onOpen: () => void;
  readonly onAway: () => void;
  readonly onChange: () => void;
}

async function follow(signal: AbortSignal, listeners: Listeners): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  let missed = false;
  while (!signal.aborted) {
    try {
      await listen(signal, {
        ...listeners,
        onOpen: () => {
          pauseMs = FIRST_PAUSE_MS;
          listeners.onOpen();
          if (missed) listeners.onChange();
        },
      });
    } catch {
      // Shown as being away, and tried again.
    }
    if (signal.aborted) return;
    missed = true;
    listeners.onAway();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/** One connection, to its end. `EventSource` cannot send a key, so the stream is read by `fetch`. */
async function listen(leaving: AbortSignal, { onOpen, onChange }: Listeners): Promise<void> {
  const offline = new AbortController();
  window.addEventListener('offline', () => offline.abort(), { once: true, signal: leaving });
  const signal = AbortSignal.any([leaving, offline.signal]);
  const response = await fetch('/admin/v1/events', {
    headers: { ...credentials(), accept: 'text/event-stream' },
    signal,
  });
  if (!response.ok || response.body === null) return;
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (chunk.value.includes('data:')) onChange();
  }
}

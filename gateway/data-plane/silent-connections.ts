import type { Agent } from 'node:http';
import type { Socket } from 'node:net';

/** A stream that says nothing for this long has died. */
const SILENT_MS = 120_000;
const SWEEP_INTERVAL_MS = 10_000;

interface Heard {
  readonly bytes: number;
  readonly atMs: number;
}

/**
 * Ends connections in use over which nothing has gone in either direction for two minutes. One look at all of
 * them every ten seconds costs requests nothing, where a timer on each costs every one.
 */
export function endSilentConnections(agent: Agent): void {
  const heard = new WeakMap<Socket, Heard>();
  const sweep = () => {
    const nowMs = performance.now();
    for (const socket of Object.values(agent.sockets).flatMap((sockets) => sockets ?? [])) {
      const bytes = socket.bytesRead + socket.bytesWritten;
      const last = heard.get(socket);
      if (last?.bytes !== bytes) heard.set(socket, { bytes, atMs: nowMs });
      else if (nowMs - last.atMs >= SILENT_MS) socket.destroy(new Error('the connection has gone silent'));
    }
  };
  setInterval(sweep, SWEEP_INTERVAL_MS).unref();
}

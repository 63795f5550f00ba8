import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { KEEP_ALIVE_TIMEOUT_MS } from '../config.ts';
import { acceptUpgrades, isWebSocket } from './upgrade.ts';

/** A slow sender gets this long for its headers, and this long for the whole request (RFC 9110 has no word on it). */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;
/** How often a closing server looks for connections that have become idle. */
const SWEEP_INTERVAL_MS = 20;

export interface Listening {
  readonly url: string;
  /** From now on each answer ends its connection, so that a balancer goes elsewhere with the next request. */
  leave(): void;
  /** Stops taking connections and waits for requests under way, at most the given time. */
  close(drainMs: number): Promise<void>;
}

/** Listens on an address; port 0 takes a free one. Rejects when the port is taken. */
export async function listen(
  handler: RequestListener,
  { host, port }: { host: string; port: number },
): Promise<Listening> {
  let leaving = false;
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
      shouldUpgradeCallback: ({ headers }) => isWebSocket(headers),
    },
    (request, response) => {
      if (leaving) response.shouldKeepAlive = false;
      handler(request, response);
    },
  );
  const upgraded = acceptUpgrades(server, handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    leave: () => {
      leaving = true;
    },
    close: (drainMs) => drain(server, upgraded, drainMs),
  };
}

async function drain(server: Server, upgraded: ReadonlySet<Socket>, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // `close` ends the connections that are idle now; one that becomes idle later would stay for its whole timeout.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  const timer = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, drainMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';

/** What of the new protocol had come with a request that asks for one. */
const heads = new WeakMap<IncomingMessage, Buffer>();

/** The one protocol that is passed through. Clients offer others (h2c) on requests that are ordinary otherwise. */
export const isWebSocket = ({ upgrade }: IncomingHttpHeaders) => upgrade?.toLowerCase() === 'websocket';

/** The first bytes after a request to change the protocol; undefined for every other request. */
export function upgradeHead(request: IncomingMessage): Buffer | undefined {
  return heads.get(request);
}

/**
 * Sends requests for a WebSocket the way of every other request, so that they are authenticated, limited,
 * logged and refused alike. Answers the connections that have changed their protocol, for the server's end.
 */
export function acceptUpgrades(server: Server, handler: RequestListener): ReadonlySet<Socket> {
  const upgraded = new Set<Socket>();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.add(socket);
    // A peer that resets the connection is one of the ways in which it ends.
    socket.on('error', () => socket.destroy()).once('close', () => upgraded.delete(socket));
    heads.set(request, head);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    handler(request, response);
  });
  return upgraded;
}

/** The answer has become a connection of its own: it ends, for the request's log, when the connection does. */
export function releaseSocket(response: ServerResponse, socket: Socket): void {
  response.detachSocket(socket);
  socket.once('close', () => response.emit('close'));
}

import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware';
import type { Target } from '../../models/catalogue/target.ts';
import type { TlsMaterial } from '../targets/credentials/tls-identity.ts';
import { TlsConnections } from '../targets/tls-connections.ts';
import { endSilentConnections } from './silent-connections.ts';

export type HttpTarget = Target & { readonly kind: 'http' };

/** What a proxied request is told of its way. */
export interface ProxyEvents {
  /** It is being sent; nothing has come back. */
  sending(request: IncomingMessage, upstream: ClientRequest): void;
  /** The target's headers are there; whoever listens passes them on, and the body. */
  answered(request: IncomingMessage, answer: IncomingMessage): void;
  /** The connection changes its protocol; headers put on `answer` reach the client. */
  upgraded(request: IncomingMessage, answer: IncomingMessage, socket: Socket): void;
  /** The target answered a request for another protocol with an ordinary answer. */
  upgradeRefused(request: IncomingMessage, answer: IncomingMessage): void;
  /** The network failed, before or in the middle of the answer. */
  failed(request: IncomingMessage, error: Error): void;
}

const CONNECTIONS = { keepAlive: true, maxSockets: 256, maxFreeSockets: 64 };

/**
 * Hands a connection over once it stands, and not while it is being made: the library takes the client's body as soon
 * as it has one, and a body that was taken for a target that is not there could be given to no other.
 */
function handOverConnected(agent: HttpAgent, event: 'connect' | 'secureConnect'): void {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = create(options);
    const fail = (error: Error) => callback?.(error, socket as Socket);
    socket?.once('error', fail).once(event, () => {
      socket.off('error', fail);
      callback?.(null, socket as Socket);
    });
    return undefined;
  };
}

function newSecureAgent(tls: TlsMaterial = {}): HttpsAgent {
  const agent = new HttpsAgent({ ...CONNECTIONS, ...tls });
  handOverConnected(agent, 'secureConnect');
  endSilentConnections(agent);
  return agent;
}

/** Connections in use are finished first. */
function retire(agent: HttpsAgent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
}

type Middleware = RequestHandler<IncomingMessage, ServerResponse>;

/**
 * One middleware per target, made at its first request, gone with the configuration that named it. The library's
 * own plugins are left out: they parse a URL and write a log line for every answer.
 */
export function proxyTransport(
  events: ProxyEvents,
  environment: () => ReadonlyMap<string, string>,
): (target: HttpTarget) => Middleware {
  const plain = new HttpAgent(CONNECTIONS);
  handOverConnected(plain, 'connect');
  const secure = newSecureAgent();
  endSilentConnections(plain);
  const identified = new TlsConnections(environment, newSecureAgent, retire);
  const agentOf = ({ url, tls }: HttpTarget) => {
    if (!url.startsWith('https:')) return plain;
    return tls === undefined ? secure : identified.for(tls);
  };
  const made = new WeakMap<HttpTarget, { readonly proxy: Middleware; readonly agent: HttpAgent }>();
  return (target) => {
    const agent = agentOf(target);
    const known = made.get(target);
    if (known?.agent === agent) return known.proxy;
    const proxy = createProxyMiddleware<IncomingMessage, ServerResponse>({
      target: target.url,
      changeOrigin: true,
      agent,
      selfHandleResponse: true,
      ejectPlugins: true,
      plugins: [listenTo(events)],
    });
    made.set(target, { proxy, agent });
    return proxy;
  };
}

const listenTo =
  (events: ProxyEvents): Plugin<IncomingMessage, ServerResponse> =>
  (proxy) => {
    proxy.on('proxyReq', (upstream, request, response) => {
      // What is written after the client has gone is an error of nobody's.
      response.on('error', () => upstream.destroy());
      events.sending(request, upstream);
    });
    proxy.on('proxyRes', (answer, request) => events.answered(request, answer));
    proxy.on('proxyReqWs', (upstream, request, socket) => {
      upstream
        .once('upgrade', (answer) => events.upgraded(request, answer, socket as Socket))
        .once('response', (answer) => events.upgradeRefused(request, answer))
        // Before the library ends the socket, so that the reason can still be said on it.
        .once('error', (error) => events.failed(request, error));
      events.sending(request, upstream);
    });
    proxy.on('open', (upstreamSocket) => void upstreamSocket.on('error', () => upstreamSocket.destroy()));
    proxy.on('error', (error, request) => void (request && events.failed(request, error)));
    proxy.on('econnreset', (error, request) => void (request && events.failed(request, error)));
  };

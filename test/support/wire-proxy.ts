import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { FrameSplitter } from '../../experiments/store/embedded/frame-splitter.ts';
import { parseMessage } from '../../experiments/store/embedded/wire-message.ts';

/** What to do with the next command of a name on a collection; later ones pass. */
interface Interception {
  readonly command: string;
  readonly collection: string;
  /** `drop`: the server never sees it. `mute`: the server runs it, the answer is lost. Both end the connection. */
  readonly action: 'drop' | 'mute' | 'hold';
}

/** A MongoDB server seen through a network that fails on demand. */
export interface WireProxy {
  readonly uri: string;
  /** Resolves when that command has come; with `hold`, it waits there until `release`. */
  intercept(interception: Interception): { readonly reached: Promise<void>; release(): void };
  /** Ends every connection and, until `comeBack`, every new one. */
  goAway(): void;
  comeBack(): void;
  close(): Promise<void>;
}

interface Armed extends Interception {
  readonly onReached: () => void;
  readonly released: Promise<void>;
}

export async function startWireProxy(serverUri: string): Promise<WireProxy> {
  const { target, proxied } = parseUri(serverUri);
  const sockets = new Set<Socket>();
  let away = false;
  let armed: Armed | null = null;

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = createConnection(target);
    for (const [socket, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      // 'close' follows an error, and one side's end is the other's.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        peer.destroy();
      });
    }
    if (away) client.destroy();
    const frames = new FrameSplitter();
    upstream.on('data', (chunk) => client.write(chunk));
    client.on('data', async (chunk) => {
      for (const frame of frames.push(chunk)) {
        const caught = armed !== null && isWanted(frame, armed) ? armed : null;
        if (caught !== null) {
          armed = null;
          caught.onReached();
          await caught.released;
        }
        if (caught?.action === 'mute') upstream.removeAllListeners('data').on('data', () => client.destroy());
        if (caught?.action === 'drop') client.destroy();
        else upstream.write(frame);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    uri: proxied(`127.0.0.1:${port}`),
    intercept(interception) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      if (interception.action !== 'hold') released.resolve();
      armed = { ...interception, onReached: reached.resolve, released: released.promise };
      return { reached: reached.promise, release: released.resolve };
    },
    goAway() {
      away = true;
      for (const socket of sockets) socket.destroy();
    },
    comeBack() {
      away = false;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function isWanted(frame: Buffer, { command, collection }: Interception): boolean {
  return parseMessage(frame).body[command] === collection;
}

function parseUri(uri: string) {
  const [, credentials = '', host = '', path = '/', query = '?'] =
    /^mongodb:\/\/([^@/]*@)?([^/?,]+)(\/[^?]*)?(\?.*)?$/.exec(uri) ?? [];
  if (host === '') throw new Error('the proxy needs a mongodb:// URI of one host');
  const [name = '', port = '27017'] = host.split(':');
  return {
    target: host.endsWith('.sock') ? { path: decodeURIComponent(host) } : { host: name, port: Number(port) },
    proxied: (address: string) =>
      `mongodb://${credentials}${address}${path}${query}${query === '?' ? '' : '&'}directConnection=true`,
  };
}

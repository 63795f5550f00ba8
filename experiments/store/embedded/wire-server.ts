import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { Collections } from './collections.ts';
import type { CommandContext } from './command.ts';
import { CommandError } from './command-error.ts';
import { Cursors } from './cursors.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { errorAnswer, runCommand } from './run-command.ts';
import { encodeAnswer, parseMessage, type WireRequest } from './wire-message.ts';

/** Several gateways' worker processes with the driver's pool of 100 each; past it, connections are turned away. */
const MAX_CONNECTIONS = 1_000;

/** What an OP_QUERY may ask: it is only there for drivers to open a connection with. */
const LEGACY_COMMANDS = new Set(['hello', 'isMaster', 'ismaster']);

/** Speaks MongoDB's wire protocol over a set of collections. Runs one command at a time. */
export class WireServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #shared: Omit<CommandContext, 'connection'>;
  #lastConnectionId = 0;

  constructor(options: { readonly collections: Collections; readonly password: string | null }) {
    this.#shared = { ...options, cursors: new Cursors() };
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Resolves with the port (0 for a Unix socket) once connections are taken. */
  async listen(where: ListenOptions): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(where, resolve);
    await promise;
    this.#server.off('error', reject);
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Ends every connection; commands that were answered are on disk already. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await promise;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#lastConnectionId += 1;
    const context = { ...this.#shared, connection: { id: this.#lastConnectionId, authenticated: false } };
    const frames = new FrameSplitter();
    this.#sockets.add(socket);
    try {
      for await (const chunk of socket) {
        for (const frame of frames.push(chunk)) {
          await answer(socket, parseMessage(frame), context);
        }
      }
    } catch {
      // The client went away, or sent a frame that cannot be read: there is no id to answer to and no next
      // frame to find. Either way this connection ends here, and nothing else does.
    } finally {
      socket.destroy();
      this.#sockets.delete(socket);
    }
  }
}

/** Resolves when the answer has left, so that a client that does not read gets no more of them queued. */
async function answer(socket: Socket, request: WireRequest, context: CommandContext): Promise<void> {
  const document = request.legacy ? runLegacyCommand(request, context) : runCommand(request.body, context);
  if (request.wantsAnswer) {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.write(encodeAnswer(request, document), () => resolve());
    await promise;
  }
}

function runLegacyCommand({ body }: WireRequest, context: CommandContext) {
  const name = Object.keys(body)[0] ?? '';
  return LEGACY_COMMANDS.has(name)
    ? runCommand(body, context)
    : errorAnswer(
        new CommandError('UnsupportedOpQueryCommand', `OP_QUERY is not supported for ${name}: use OP_MSG`),
      );
}

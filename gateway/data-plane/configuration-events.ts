import type { Response } from 'express';
import { Problem } from '../problems.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';

/** Below the idle timeout of the usual load balancers. */
const HEARTBEAT_MS = 25_000;
const MAX_STREAMS = 10_000;

/** Tells whoever listens (server-sent events) that the configuration has changed; to look is up to them. */
export class ConfigurationEvents {
  readonly #streams = new Set<Response>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(source: SnapshotSource) {
    source.onChange(({ revision }) =>
      this.#send(`data: ${JSON.stringify(refetch(revision))}\nid: ${revision}\n\n`),
    );
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  /** Keeps the response open, until either side ends it. Throws `not-ready` where too many are open already. */
  add(response: Response): void {
    if (this.#streams.size >= MAX_STREAMS) {
      throw new Problem('not-ready', `${MAX_STREAMS} event streams are open here already: poll instead`);
    }
    response.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    response.write(': listening\n\n');
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }

  /** Ends every stream: clients connect again, to another gateway if there is one. */
  stop(): void {
    clearInterval(this.#heartbeat);
    for (const response of this.#streams) response.end();
    this.#streams.clear();
  }

  #send(text: string): void {
    for (const response of this.#streams) response.write(text);
  }
}

const refetch = (revision: number) => ({ type: 'refetchEvaluation', etag: String(revision) });

import { Agent } from 'undici';
import type { Target } from '../../models/catalogue/target.ts';
import type { TlsMaterial } from './credentials/tls-identity.ts';
import { TlsConnections } from './tls-connections.ts';

const CONNECT_TIMEOUT_MS = 2_000;

/** Connections to targets: one agent for all, and one for each TLS identity of a target's own. */
export class TargetAgents {
  readonly #plain: Agent;
  readonly #identified: TlsConnections<Agent>;

  /** `limits` bound an answer; none of them is a limit on time before its headers: that is the attempt's own clock. */
  constructor(
    environment: () => ReadonlyMap<string, string>,
    limits: Pick<Agent.Options, 'maxResponseSize' | 'bodyTimeout'>,
  ) {
    const newAgent = (tls: TlsMaterial = {}) =>
      new Agent({
        connections: 256,
        pipelining: 1,
        keepAliveTimeout: 30_000,
        connect: { timeout: CONNECT_TIMEOUT_MS, ...tls },
        headersTimeout: 0,
        ...limits,
      });
    this.#plain = newAgent();
    this.#identified = new TlsConnections(environment, newAgent, (agent) => void agent.close());
  }

  /** Throws when a file of the target's TLS identity cannot be read. */
  of(target: Target): Agent {
    return 'tls' in target && target.tls !== undefined ? this.#identified.for(target.tls) : this.#plain;
  }

  /** Waits for requests under way. */
  async close(): Promise<void> {
    this.#identified.close();
    await this.#plain.close();
  }
}

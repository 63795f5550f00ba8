import type { TargetTls } from '../../models/catalogue/target-credentials.ts';
import { type TlsMaterial, tlsFingerprint, tlsMaterial } from './credentials/tls-identity.ts';

/** How often the files are looked at. */
const CHECK_INTERVAL_MS = 60_000;

interface Made<Connections> {
  readonly connections: Connections;
  readonly fingerprint: string;
  checkedMs: number;
}

/**
 * Connections under a target's own TLS identity: made at the first use, and anew when a file of the identity has
 * changed. Requests under way keep the old ones.
 */
export class TlsConnections<Connections> {
  readonly #environment: () => ReadonlyMap<string, string>;
  readonly #make: (material: TlsMaterial) => Connections;
  readonly #retire: (connections: Connections) => void;
  readonly #made = new Map<string, Made<Connections>>();

  constructor(
    environment: () => ReadonlyMap<string, string>,
    make: (material: TlsMaterial) => Connections,
    retire: (connections: Connections) => void,
  ) {
    this.#environment = environment;
    this.#make = make;
    this.#retire = retire;
  }

  /** Throws when a file cannot be read. */
  for(tls: TargetTls): Connections {
    const key = JSON.stringify(tls);
    const known = this.#made.get(key);
    const nowMs = performance.now();
    if (known !== undefined && nowMs - known.checkedMs < CHECK_INTERVAL_MS) return known.connections;
    const fingerprint = tlsFingerprint(tls, this.#environment());
    if (known !== undefined && known.fingerprint === fingerprint) {
      known.checkedMs = nowMs;
      return known.connections;
    }
    const connections = this.#make(tlsMaterial(tls, this.#environment()));
    this.#made.set(key, { connections, fingerprint, checkedMs: nowMs });
    if (known !== undefined) this.#retire(known.connections);
    return connections;
  }

  close(): void {
    for (const { connections } of this.#made.values()) this.#retire(connections);
    this.#made.clear();
  }
}

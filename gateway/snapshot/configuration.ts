import type { StoredDocument } from '../../experiments/store/configuration-store.ts';
import type { Snapshot } from './snapshot.ts';

/** What a gateway reads from its database: the registered things at one revision, and the secrets beside them. */
export interface RawConfiguration {
  readonly revision: number;
  readonly documents: readonly StoredDocument[];
  /** Tenant → the key under which its unit ids become pseudonyms. */
  readonly unitKeys: ReadonlyMap<string, Buffer>;
  /** SHA-256 of the admin key, hex. */
  readonly adminKeyDigest: string;
}

/** The same, checked and compiled: what requests are served from. */
export interface Configuration extends RawConfiguration {
  readonly snapshot: Snapshot;
}

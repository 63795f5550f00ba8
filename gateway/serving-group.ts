import type { Logger } from 'pino';
import type { ObjectStore } from '../models/artifacts/object-store.ts';
import type { Families } from '../models/http/metrics-text.ts';
import type { GatewayConfig } from './config.ts';

/** Requests are served here or in processes of their own; either way they look like this. */
export interface ServingGroup {
  readonly url: string;
  /** What there is to measure, without what the caller measures itself. */
  metrics(): Promise<Families>;
  /** Stops serving; afterwards nothing more comes into the spool. */
  stop(): Promise<void>;
}

export interface GroupOptions {
  readonly config: GatewayConfig;
  readonly mongodbUri: string;
  readonly lake: ObjectStore;
  readonly logger: Logger;
  /** Ships what is sealed in the spool. */
  readonly shipSealed: () => Promise<void>;
}

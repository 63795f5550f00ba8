import type { AuditEntry, ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import type { Webhook } from '../catalogue/webhook.ts';
import { shownEntry } from '../control-plane/shown-entry.ts';
import type { SendMessage, SendResult } from './send-message.ts';
import { signMessage } from './sign-message.ts';
import { signingSecrets } from './webhook-secrets.ts';

/** One change, and its place among those of its revision. */
export interface ToldChange {
  readonly entry: AuditEntry;
  readonly index: number;
}

/** One attempt to tell a webhook of a change. */
export interface DeliveryAttempt {
  /** The same at every attempt of that change. */
  readonly id: string;
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly result: SendResult;
}

export interface Delivering {
  readonly store: Pick<ConfigurationStore, 'secret' | 'secrets' | 'deleteSecret'>;
  readonly send: SendMessage;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Sends a change to a webhook, signed as of now. Whatever goes wrong on the way to the receiver is a result. */
export async function deliverChange(
  { store, send, now }: Delivering,
  { key, url }: Webhook,
  { entry, index }: ToldChange,
): Promise<DeliveryAttempt> {
  const id = `msg_${entry.revision}_${index}`;
  const type = `${entry.kind}.${entry.action}`;
  const body = JSON.stringify({ type, timestamp: entry.at, data: shownEntry(entry) });
  const at = now();
  const secrets = await signingSecrets(store, key, at);
  const headers = signMessage({ id, atSeconds: Math.floor(at / 1_000), body }, secrets);
  return { id, type, at, result: await send(url, body, headers) };
}

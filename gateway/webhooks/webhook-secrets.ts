import { randomBytes } from 'node:crypto';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { webhookSecret } from './sign-message.ts';

type SecretStore = Pick<ConfigurationStore, 'secret' | 'secrets' | 'deleteSecret'>;

/** How long a replaced secret goes on signing, so that receivers can take the new one at their pace. */
const OVERLAP_MS = 24 * 60 * 60_000;
const prefixOf = (webhook: string) => `webhook/${webhook}/`;

/** Makes a secret for a webhook; those before it sign for another day. */
export async function addSecret(store: SecretStore, webhook: string, now: number): Promise<string> {
  // Names sort by time.
  const name = `${prefixOf(webhook)}${String(now).padStart(15, '0')}`;
  const made = await store.secret(name, () => webhookSecret(randomBytes(32)));
  for (const old of await replaced(store, webhook, now)) await store.deleteSecret(old);
  return made;
}

/** What signs now: the newest secret, and those that it has replaced within a day. */
export async function signingSecrets(
  store: SecretStore,
  webhook: string,
  now: number,
): Promise<readonly string[]> {
  const secrets = await store.secrets(prefixOf(webhook));
  const over = new Set(overOf([...secrets.keys()], now));
  return [...secrets].filter(([name]) => !over.has(name)).map(([, secret]) => secret);
}

export async function forgetSecrets(store: SecretStore, webhook: string): Promise<void> {
  for (const name of (await store.secrets(prefixOf(webhook))).keys()) await store.deleteSecret(name);
}

async function replaced(store: SecretStore, webhook: string, now: number): Promise<readonly string[]> {
  return overOf([...(await store.secrets(prefixOf(webhook))).keys()], now);
}

/** Each secret is over a day after the next one was made. */
function overOf(names: readonly string[], now: number): readonly string[] {
  const sorted = [...names].sort();
  return sorted.filter((_name, index) => {
    const next = sorted[index + 1];
    return next !== undefined && Number(next.slice(-15)) + OVERLAP_MS <= now;
  });
}

import { randomBytes } from 'node:crypto';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import { digestOf } from './key-digest.ts';

const ADMIN_KEY_SECRET = 'admin-key-sha256';

/** The environment's key, or one made on the first start of all, kept as a digest, and printed by its maker. */
export function adminKeyDigest(adminApiKey: string | null, store: ConfigurationStore): () => Promise<string> {
  if (adminApiKey !== null) {
    const digest = digestOf(adminApiKey);
    return async () => digest;
  }
  let known: string | null = null;
  return async () => {
    if (known !== null) return known;
    const generated = `sya_${randomBytes(32).toString('base64url')}`;
    known = await store.secret(ADMIN_KEY_SECRET, () => digestOf(generated));
    if (known === digestOf(generated)) process.stdout.write(adminKeyNotice(generated));
    return known;
  };
}

const adminKeyNotice = (key: string) =>
  `\nThe admin key of this installation, shown this once: ${key}\nKeep it safe, or set ADMIN_API_KEY to a key of your own.\n\n`;

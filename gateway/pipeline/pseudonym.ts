import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/**
 * 22 base64url characters are 132 of the 256 bits: two of a tenant's billion units share a pseudonym with a
 * probability below 10^-21, and a third of the column's bytes is saved in every exposure.
 */
const PSEUDONYM_CHARACTERS = 22;

/** Keys by the buffer they came in, so that a tenant's key is prepared once and goes when its buffer does. */
const prepared = new WeakMap<Buffer, KeyObject>();

/**
 * Stands for a unit in the lake: HMAC-SHA-256 (RFC 2104) of its id under the tenant's key, base64url. Without the
 * key nobody can lead it back to the id or join it with another tenant's; deleting the key is erasure.
 */
export function pseudonym(tenantKey: Buffer, unitId: string): string {
  let key = prepared.get(tenantKey);
  if (key === undefined) {
    key = createSecretKey(tenantKey);
    prepared.set(tenantKey, key);
  }
  return createHmac('sha256', key).update(unitId).digest('base64url').slice(0, PSEUDONYM_CHARACTERS);
}

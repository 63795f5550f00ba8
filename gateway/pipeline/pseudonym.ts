import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/**
 * 22 base64url characters are 132 of the 256 bits: two of a tenant's billion units share a pseudonym with a
 * probability below 10^-21, and a third of the column's bytes is saved in every exposure.
 */
const PSEUDONYM_CHARACTERS = 22;

/** Units come back: the latest ones are remembered, of all tenants together, in some 4 MB. */
const REMEMBERED_UNITS = 20_000;
const remembered = new LRUCache<string, string>({ max: REMEMBERED_UNITS });

interface PreparedKey {
  readonly key: KeyObject;
  /** Stands for the key in `remembered`. */
  readonly number: number;
}

/** Keys by the buffer they came in, so that a tenant's key is prepared once and goes when its buffer does. */
const prepared = new WeakMap<Buffer, PreparedKey>();
let preparedKeys = 0;

/**
 * Stands for a unit in the lake: HMAC-SHA-256 (RFC 2104) of its id under the tenant's key, base64url. Without the
 * key nobody can lead it back to the id or join it with another tenant's; deleting the key is erasure.
 */
export function pseudonym(tenantKey: Buffer, unitId: string): string {
  const { key, number } = prepared.get(tenantKey) ?? prepare(tenantKey);
  const entry = `${number}:${unitId}`;
  const known = remembered.get(entry);
  if (known !== undefined) return known;
  const computed = createHmac('sha256', key)
    .update(unitId)
    .digest('base64url')
    .slice(0, PSEUDONYM_CHARACTERS);
  remembered.set(entry, computed);
  return computed;
}

function prepare(tenantKey: Buffer): PreparedKey {
  preparedKeys += 1;
  const made = { key: createSecretKey(tenantKey), number: preparedKeys };
  prepared.set(tenantKey, made);
  return made;
}

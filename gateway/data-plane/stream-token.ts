import { createHmac, timingSafeEqual } from 'node:crypto';

const PERIOD_MS = 12 * 60 * 60_000;

/**
 * Lets a browser listen for changes: an EventSource cannot send a key. Signed under the tenant's own key, it stays the
 * same for half a day, so that a stream need not be opened anew, and ends half a day after that at the latest.
 */
export function streamToken(tenant: string, tenantKey: Buffer, now: number): string {
  const expires = (Math.floor(now / PERIOD_MS) + 2) * PERIOD_MS;
  return `${tenant}~${expires}~${signature(tenant, expires, tenantKey)}`;
}

/** Whose token it is, or null when it is over or nobody's. */
export function tenantOfStream(
  token: string,
  unitKeys: ReadonlyMap<string, Buffer>,
  now: number,
): string | null {
  const [tenant = '', expires = '', given = ''] = token.split('~');
  const tenantKey = unitKeys.get(tenant);
  if (tenantKey === undefined || !/^\d{1,16}$/.test(expires) || Number(expires) <= now) return null;
  const expected = Buffer.from(signature(tenant, Number(expires), tenantKey));
  const presented = Buffer.from(given);
  return presented.length === expected.length && timingSafeEqual(presented, expected) ? tenant : null;
}

function signature(tenant: string, expires: number, tenantKey: Buffer): string {
  return createHmac('sha256', tenantKey).update(`flag-stream\n${tenant}\n${expires}`).digest('base64url');
}

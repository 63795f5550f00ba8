import type { Request } from 'express';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that comes with a cookie was made by the gateway's own pages. Browsers say so in `sec-fetch-site`,
 * which no page can set, and where that is missing in `origin`. A request with neither changes nothing. This is the
 * rule of Go's CrossOriginProtection (https://words.filippo.io/csrf/), except that it also refuses when both are missing.
 */
export function isSameOrigin(request: Request): boolean {
  if (SAFE_METHODS.has(request.method)) return true;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = request.headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

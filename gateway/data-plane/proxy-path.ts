import { Problem } from '../problems.ts';

const DOT_SEGMENT = /(^|\/)(\.|%2e){1,2}(\/|$)/i;

/** The part of the URL that is this gateway's; a client may name the host in it (RFC 9112, 3.2.2). */
const OWN_PART = /^(https?:\/\/[^/?]*)?\/v1\/proxy\/[^/?]+/i;

/**
 * What follows the endpoint, as it was sent. Dot segments are refused, between escaped separators too: a target
 * that resolves them would let the request climb out of the target's path.
 */
export function pathBelow(url: string): string {
  const below = url.replace(OWN_PART, '');
  const query = below.indexOf('?');
  const path = query === -1 ? below : below.slice(0, query);
  if (DOT_SEGMENT.test(path.replace(/\\|%2f|%5c/gi, '/'))) {
    throw new Problem('invalid-request', 'the path must not hold "." or ".." segments');
  }
  return below.startsWith('/') ? below : `/${below}`;
}

import cors from 'cors';
import type { RequestHandler } from 'express';

/** How long a browser may remember the answer to a preflight. */
const MAX_AGE_SECONDS = 600;

/**
 * Lets pages of these origins, and of no other, call the gateway with a key. Cookies never travel across origins, so
 * nobody's session can be used from them.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    credentials: false,
    maxAge: MAX_AGE_SECONDS,
    exposedHeaders: [
      'etag',
      'location',
      'retry-after',
      'x-request-id',
      'x-switchyard-experiment',
      'x-switchyard-variant',
      'x-switchyard-target',
      'x-switchyard-model',
      'x-switchyard-fallback',
      'x-switchyard-overridden',
    ],
  });
}

import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../problems.ts';

/** Addresses remembered at once; past it the one that failed longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;
const WINDOW_SECONDS = 60;

/**
 * Counts failed authentications by address, so that a key cannot be guessed. What has 256 random bits cannot be
 * guessed anyway and is never held up by the failures of a neighbour.
 */
export class FailedAttempts {
  readonly #limiter: RateLimiterMemory;
  readonly #addresses: LRUCache<string, true>;

  constructor({ perMinute }: { readonly perMinute: number }) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
    this.#addresses = new LRUCache<string, true>({
      max: MAX_ADDRESSES,
      dispose: (_value, address) => void this.#limiter.delete(address),
    });
  }

  /** Counts a failure. Throws `too-many-attempts` once there were more than allowed. */
  async count(address: string): Promise<void> {
    const network = networkOf(address);
    this.#addresses.set(network, true);
    try {
      await this.#limiter.consume(network);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw tooMany(refused);
    }
  }

  /** Throws `too-many-attempts` while the address has used up its failures. */
  async refuseBlocked(address: string): Promise<void> {
    const state = await this.#limiter.get(networkOf(address));
    if (state !== null && state.remainingPoints <= 0) throw tooMany(state);
  }
}

function tooMany({ msBeforeNext }: RateLimiterRes): Problem {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1_000));
  return new Problem(
    'too-many-attempts',
    `too many wrong keys from this address: try again in ${seconds} s`,
    {
      retryAfterSeconds: seconds,
    },
  );
}

/** One household has 2^64 addresses of IPv6 (RFC 6177): they count as one. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address.slice(0, 64);
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

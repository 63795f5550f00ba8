import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 1;

/** What is left of a rate, in the words of the `RateLimit` header fields. */
export interface RateState {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** Counts requests of many subjects, each against a rate of its own, over one second. */
export class RequestRate {
  readonly #limiters = new Map<string, { readonly perSecond: number; readonly limiter: RateLimiterMemory }>();

  /** Counts one request of `subject`. */
  async consume(subject: string, perSecond: number): Promise<RateState> {
    try {
      return stateOf(true, await this.#limiterOf(subject, perSecond).consume(subject));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      return stateOf(false, refused);
    }
  }

  #limiterOf(subject: string, perSecond: number): RateLimiterMemory {
    const known = this.#limiters.get(subject);
    if (known?.perSecond === perSecond) return known.limiter;
    const limiter = new RateLimiterMemory({ points: perSecond, duration: WINDOW_SECONDS });
    this.#limiters.set(subject, { perSecond, limiter });
    return limiter;
  }
}

const stateOf = (allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): RateState => ({
  allowed,
  remaining: remainingPoints,
  resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
});

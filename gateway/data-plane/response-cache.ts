import { LRUCache } from 'lru-cache';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { InferBody } from '../../models/codecs/infer-body.ts';

/** `hit`: answered from the cache; `shared`: by somebody else's call for the same; `miss`: by a call of its own. */
export type CacheOutcome = 'hit' | 'shared' | 'miss';

interface Flight<T> {
  readonly outcome: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** One request that may be answered from the cache. */
export interface CachedCall<T> {
  readonly endpoint: string;
  /** Of the model's bytes and the canonical request. */
  readonly key: string;
  readonly ttlMs: number;
  /** Aborts when this client leaves. */
  readonly signal: AbortSignal;
  /** Time that this client has left to wait for somebody else's call. */
  readonly leftMs: number;
  /** Asks the model; its signal aborts when nobody waits for the answer any more. */
  readonly ask: (signal: AbortSignal) => Promise<T>;
  /** What is kept of an answer; null for one that is not to be given to anybody else. */
  readonly keep: (answer: T) => InferBody | null;
  readonly fromKept: (kept: InferBody) => T;
}

/**
 * Answers of models by what they depend on, for a limited time and in a limited number of bytes, and one call at a
 * time for each: who asks for what is being asked already waits for that answer. A call that came to nothing is
 * nobody else's: who shared it asks for itself.
 */
export class ResponseCache<T> {
  readonly #kept: LRUCache<string, InferBody>;
  readonly #flights = new Map<string, Flight<T>>();
  readonly #requests: Counter;

  constructor({ maxBytes, registry }: { readonly maxBytes: number; readonly registry: Registry }) {
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }, key) => bytes.length + key.length,
    });
    this.#requests = new Counter({
      name: 'switchyard_response_cache_requests_total',
      help: 'Requests of endpoints that cache: hit, shared or miss',
      labelNames: ['endpoint', 'outcome'],
      registers: [registry],
    });
    const kept = this.#kept;
    new Gauge({
      name: 'switchyard_response_cache_bytes',
      help: 'Size of the answers that are kept',
      registers: [registry],
      collect() {
        this.set(kept.calculatedSize);
      },
    });
  }

  async answer(call: CachedCall<T>): Promise<{ readonly answer: T; readonly outcome: CacheOutcome }> {
    const { endpoint, key } = call;
    const found = this.#kept.get(key);
    const flight = this.#flights.get(key);
    const outcome = found !== undefined ? 'hit' : flight !== undefined ? 'shared' : 'miss';
    this.#requests.inc({ endpoint, outcome });
    if (found !== undefined) return { answer: call.fromKept(found), outcome };
    if (flight === undefined) return { answer: await this.#lead(call), outcome };
    const kept = await this.#share(call, flight);
    if (kept !== null) return { answer: call.fromKept(kept), outcome };
    return { answer: await call.ask(call.signal), outcome: 'miss' };
  }

  async #lead(call: CachedCall<T>): Promise<T> {
    const { key, ttlMs } = call;
    const controller = new AbortController();
    const flight: Flight<T> = { outcome: call.ask(controller.signal), controller, waiting: 0 };
    this.#flights.set(key, flight);
    try {
      const answer = await this.#await(call, flight);
      const kept = call.keep(answer);
      if (kept !== null) this.#kept.set(key, kept, { ttl: ttlMs });
      return answer;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }

  /** Null when it came to nothing, or this client's own time was up first. */
  async #share(call: CachedCall<T>, flight: Flight<T>): Promise<InferBody | null> {
    const { promise, resolve } = Promise.withResolvers<null>();
    const leave = () => resolve(null);
    const timer = setTimeout(leave, call.leftMs);
    call.signal.addEventListener('abort', leave, { once: true });
    try {
      const answer = await Promise.race([this.#await(call, flight), promise]);
      return answer === null ? null : call.keep(answer);
    } finally {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', leave);
    }
  }

  /** The call goes on as long as anybody waits for it. */
  async #await({ signal }: CachedCall<T>, flight: Flight<T>): Promise<T> {
    let here = true;
    flight.waiting += 1;
    const leave = () => {
      if (!here) return;
      here = false;
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.controller.abort(signal.reason);
    };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await flight.outcome;
    } finally {
      here = false;
      signal.removeEventListener('abort', leave);
    }
  }
}

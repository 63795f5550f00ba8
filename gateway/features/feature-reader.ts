import { LRUCache } from 'lru-cache';
import type { FeatureRow, FeatureStore } from './feature-store.ts';

/** What is known of one thing: its row, that there is none, or that the database did not say. */
export type Lookup = Pick<FeatureRow, 'at' | 'values'> | 'missing' | 'unavailable';

export interface LookupOptions {
  readonly cacheMs: number;
  readonly timeoutMs: number;
}

const MAX_CACHED_ROWS = 100_000;
/** After a failure the database is left alone for so long: its requests would only wait for their defaults. */
const REST_MS = 1_000;

/** Looks features up: from memory while they are fresh, each key once at a time, and all keys of a request in one query. */
export class FeatureReader {
  readonly #store: Pick<FeatureStore, 'read'>;
  readonly #known = new LRUCache<string, Exclude<Lookup, 'unavailable'>>({ max: MAX_CACHED_ROWS });
  readonly #asked = new Map<string, Promise<Lookup>>();
  #restsUntilMs = 0;

  constructor(store: Pick<FeatureStore, 'read'>) {
    this.#store = store;
  }

  /** One lookup for each id, in order; never rejects, and takes no longer than `timeoutMs`. */
  async look(ids: readonly string[], { cacheMs, timeoutMs }: LookupOptions): Promise<readonly Lookup[]> {
    const unknown = [...new Set(ids)].filter((id) => !this.#known.has(id) && !this.#asked.has(id));
    if (unknown.length > 0) this.#ask(unknown, cacheMs);
    const waiting = ids.map(
      (id): Lookup | Promise<Lookup> => this.#known.get(id) ?? this.#asked.get(id) ?? 'unavailable',
    );
    const here = waiting.filter((lookup): lookup is Lookup => !(lookup instanceof Promise));
    if (here.length === waiting.length) return here;
    const { promise: tooLate, resolve } = Promise.withResolvers<'unavailable'>();
    const timer = setTimeout(() => resolve('unavailable'), timeoutMs);
    try {
      return await Promise.all(waiting.map((lookup) => Promise.race([lookup, tooLate])));
    } finally {
      clearTimeout(timer);
    }
  }

  #ask(ids: readonly string[], cacheMs: number): void {
    if (performance.now() < this.#restsUntilMs) return;
    const rows = this.#store.read(ids);
    for (const id of ids) {
      const lookup = rows.then(
        (found): Lookup => this.#learn(id, found.get(id) ?? 'missing', cacheMs),
        (): Lookup => {
          this.#restsUntilMs = performance.now() + REST_MS;
          return 'unavailable';
        },
      );
      this.#asked.set(id, lookup);
      void lookup.then(() => this.#asked.delete(id));
    }
  }

  #learn(id: string, lookup: Exclude<Lookup, 'unavailable'>, cacheMs: number): Lookup {
    if (cacheMs > 0) this.#known.set(id, lookup, { ttl: cacheMs });
    return lookup;
  }
}

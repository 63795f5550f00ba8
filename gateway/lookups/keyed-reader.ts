import { LRUCache } from 'lru-cache';

/** What is known of one key: its row, that there is none, or that the database did not say. */
export type Lookup<Row> = Row | 'missing' | 'unavailable';

/** The rows that are there, by id. Rejects when the database is away. */
export type ReadRows<Row> = (ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>;

export interface LookupOptions {
  /** How long a row counts as fresh; 0: it is not remembered. */
  readonly cacheMs: number;
  /** The same of what is not there; as of rows unless given. */
  readonly missingMs?: number;
  readonly timeoutMs: number;
}

/** After a failure the database is left alone for so long: its requests would only wait in vain. */
const REST_MS = 1_000;
const MAX_IDS_PER_QUERY = 1_000;

interface Asked<Row> {
  readonly options: LookupOptions;
  readonly resolve: (lookup: Lookup<Row>) => void;
}

/**
 * Looks rows up for requests: from memory while they are fresh, each key once at a time, and all keys of one turn of
 * the event loop, of however many requests, in one query.
 */
export class KeyedReader<Row extends object> {
  readonly #read: ReadRows<Row>;
  readonly #known: LRUCache<string, Row | 'missing'>;
  readonly #asked = new Map<string, Promise<Lookup<Row>>>();
  #waiting = new Map<string, Asked<Row>>();
  #restsUntilMs = 0;

  constructor(read: ReadRows<Row>, maxRows: number) {
    this.#read = read;
    this.#known = new LRUCache({ max: maxRows });
  }

  /** One lookup for each id, in order; never rejects, and takes no longer than `timeoutMs`. */
  async look(ids: readonly string[], options: LookupOptions): Promise<readonly Lookup<Row>[]> {
    const waiting = ids.map((id) => this.#known.get(id) ?? this.#asked.get(id) ?? this.#ask(id, options));
    const here = waiting.filter((lookup): lookup is Lookup<Row> => !(lookup instanceof Promise));
    if (here.length === waiting.length) return here;
    const { promise: tooLate, resolve } = Promise.withResolvers<'unavailable'>();
    const timer = setTimeout(() => resolve('unavailable'), options.timeoutMs);
    try {
      return await Promise.all(waiting.map((lookup) => Promise.race([lookup, tooLate])));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether it has a row of that id in memory. */
  knows(id: string): boolean {
    return typeof this.#known.get(id) === 'object';
  }

  /** Remembers a row without a query: the caller knows it. */
  learn(id: string, row: Row, cacheMs: number): void {
    this.#known.set(id, row, { ttl: cacheMs });
  }

  /** Asks the database again next time. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  #ask(id: string, options: LookupOptions): Lookup<Row> | Promise<Lookup<Row>> {
    if (performance.now() < this.#restsUntilMs) return 'unavailable';
    const { promise, resolve } = Promise.withResolvers<Lookup<Row>>();
    if (this.#waiting.size === 0) setImmediate(() => this.#askWaiting());
    this.#waiting.set(id, { options, resolve });
    this.#asked.set(id, promise);
    return promise;
  }

  #askWaiting(): void {
    const asked = [...this.#waiting];
    this.#waiting = new Map();
    for (let from = 0; from < asked.length; from += MAX_IDS_PER_QUERY) {
      void this.#query(asked.slice(from, from + MAX_IDS_PER_QUERY));
    }
  }

  async #query(asked: readonly (readonly [string, Asked<Row>])[]): Promise<void> {
    let rows: ReadonlyMap<string, Row> | null;
    try {
      rows = await this.#read(asked.map(([id]) => id));
    } catch {
      this.#restsUntilMs = performance.now() + REST_MS;
      rows = null;
    }
    for (const [id, { options, resolve }] of asked) {
      const lookup = rows === null ? 'unavailable' : (rows.get(id) ?? 'missing');
      if (lookup !== 'unavailable') this.#remember(id, lookup, options);
      this.#asked.delete(id);
      resolve(lookup);
    }
  }

  #remember(id: string, lookup: Row | 'missing', { cacheMs, missingMs = cacheMs }: LookupOptions): void {
    const ttl = lookup === 'missing' ? missingMs : cacheMs;
    // What the caller has learnt meanwhile is newer.
    if (ttl > 0 && !this.#known.has(id)) this.#known.set(id, lookup, { ttl });
  }
}

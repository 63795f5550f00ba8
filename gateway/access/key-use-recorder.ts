import type { Logger } from 'pino';

const FLUSH_INTERVAL_MS = 30_000;

/** Where uses are kept for good. */
interface KeyUseStore {
  recordKeyUses(uses: ReadonlyMap<string, string>): Promise<void>;
}

/**
 * Notes in memory when each key was used, and writes it down twice a minute and at the end: a request never waits
 * for it. Holds one time per key, so it is as small as the configuration.
 */
export class KeyUseRecorder {
  readonly #store: KeyUseStore;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #uses = new Map<string, number>();
  #flushing: Promise<void> = Promise.resolve();

  constructor({ store, logger }: { readonly store: KeyUseStore; readonly logger: Logger }) {
    this.#store = store;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS);
    this.#timer.unref();
  }

  /** `at` in milliseconds since the epoch. */
  note(id: string, at: number): void {
    this.#uses.set(id, at);
  }

  /** Writes down what was noted. What the database does not take now is kept for the next time. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #flush(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await this.#store.recordKeyUses(new Map([...uses].map(([id, at]) => [id, new Date(at).toISOString()])));
    } catch (error) {
      this.#logger.warn(
        { err: error, keys: uses.size },
        'last uses of keys could not be written: tried again later',
      );
      this.#uses = new Map([...uses, ...this.#uses]);
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RawConfiguration } from './configuration.ts';
import { saveConfiguration } from './configuration-file.ts';

/** To write ten thousand documents takes a good part of a tenth of a second, in which no request is served. */
const LEAST_INTERVAL_MS = 1_000;

/** Keeps the configuration in force on disk: the newest one, not every one, and soon rather than at once. */
export class ConfigurationSaver {
  readonly #file: string;
  readonly #logger: Logger;
  #next: RawConfiguration | null = null;
  #saving: Promise<void> | null = null;
  #savedAt = Number.NEGATIVE_INFINITY;
  #isUrgent = false;
  #hurry = new AbortController();

  constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
  }

  save(configuration: RawConfiguration): void {
    this.#next = configuration;
    this.#saving ??= this.#saveAll();
  }

  /** Resolves when the newest is on disk, and does not let it wait. */
  async flush(): Promise<void> {
    this.#isUrgent = true;
    this.#hurry.abort();
    await this.#saving;
  }

  async #saveAll(): Promise<void> {
    while (this.#next !== null) {
      this.#hurry = new AbortController();
      const waitMs = this.#isUrgent ? 0 : this.#savedAt + LEAST_INTERVAL_MS - performance.now();
      // Rejects only when in a hurry.
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
      const next = this.#next;
      this.#next = null;
      await this.#saveOne(next);
      this.#savedAt = performance.now();
    }
    this.#isUrgent = false;
    this.#saving = null;
  }

  async #saveOne(configuration: RawConfiguration): Promise<void> {
    try {
      await saveConfiguration(this.#file, configuration);
    } catch (error) {
      this.#logger.error(
        { err: error },
        'the configuration could not be saved: a start without the database would miss it',
      );
    }
  }
}

import { limitConcurrency } from './limit-concurrency.ts';
import { ModelError } from './model-error.ts';

export interface MemoryBudgetOptions {
  readonly limitBytes: number;
  /** Takes a model out of memory; resolves when its memory is free. */
  readonly evict: (key: string) => Promise<void>;
}

/** Beside its weights a session has this much; measured at 130 to 170 KB. */
const OVERHEAD_BYTES = 262_144;
const MIB = 1_048_576;

/** Memory of loaded models. Who needs room that is not there gets it from those that were unused the longest. */
export class MemoryBudget {
  readonly #options: MemoryBudgetOptions;
  /** In the order of their use, the last one last. */
  readonly #reserved = new Map<string, number>();
  readonly #oneByOne = limitConcurrency(1);

  constructor(options: MemoryBudgetOptions) {
    this.#options = options;
  }

  /** Resolves when there is room, and keeps it for the key. Throws ModelError `too-large` for what can never fit. */
  reserve(key: string, weightBytes: number): Promise<void> {
    const { limitBytes, evict } = this.#options;
    const neededBytes = weightBytes + OVERHEAD_BYTES;
    if (neededBytes > limitBytes) {
      const message = `${key} needs ${mib(neededBytes)} MiB over all threads; ${mib(limitBytes)} MiB are allowed: raise the limit or use fewer threads`;
      return Promise.reject(new ModelError('too-large', message));
    }
    return this.#oneByOne(async () => {
      this.#reserved.delete(key);
      while (this.#total() + neededBytes > limitBytes) {
        const [oldest] = this.#reserved.keys();
        if (oldest === undefined) break;
        this.#reserved.delete(oldest);
        await evict(oldest);
      }
      this.#reserved.set(key, neededBytes);
    });
  }

  touch(key: string): void {
    const bytes = this.#reserved.get(key);
    if (bytes === undefined) return;
    this.#reserved.delete(key);
    this.#reserved.set(key, bytes);
  }

  release(key: string): void {
    this.#reserved.delete(key);
  }

  #total(): number {
    return this.#reserved.values().reduce((sum, bytes) => sum + bytes, 0);
  }
}

const mib = (bytes: number) => Math.ceil(bytes / MIB);

import type { Collection } from 'mongodb';
import { isDuplicateKey } from './store-error.ts';

/** An answer as it is given again. Null as body: it held a secret, which is not kept. */
export interface RememberedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

const SWEEP_INTERVAL_MS = 60_000;

interface IdempotencyRecord {
  readonly _id: string;
  /** Tells the same request from another under the same key. */
  readonly fingerprint: string;
  /** JSON text of the answer; null while it is being found. */
  readonly answer: string | null;
  /** Milliseconds since the epoch. An answer is forgotten then; one that is being found is given up. */
  readonly expiresAt: number;
}

export type Begun =
  /** Nobody has asked this before: find the answer, and tell it. */
  | { readonly kind: 'new' }
  | { readonly kind: 'under-way' }
  | { readonly kind: 'other-request' }
  | { readonly kind: 'answered'; readonly answer: RememberedAnswer };

export interface IdempotencyTimes {
  /** How long an answer is remembered. */
  readonly ttlMs: number;
  /** How long a request may be under way before it counts as lost. */
  readonly lostAfterMs: number;
}

/** Remembers what requests that carry a key were answered, for every gateway, so that a repetition does nothing. */
export class IdempotencyKeys {
  readonly #records: Collection<IdempotencyRecord>;
  readonly #now: () => Date;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(records: Collection<IdempotencyRecord>, now: () => Date) {
    this.#records = records;
    this.#now = now;
  }

  async begin(id: string, fingerprint: string, { lostAfterMs }: IdempotencyTimes): Promise<Begun> {
    const now = this.#now().getTime();
    await this.#sweep(now);
    await this.#records.deleteOne({ _id: id, expiresAt: { $lt: now } });
    try {
      await this.#records.insertOne({ _id: id, fingerprint, answer: null, expiresAt: now + lostAfterMs });
      return { kind: 'new' };
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    const found = await this.#records.findOne({ _id: id });
    if (found === null) return { kind: 'under-way' };
    if (found.fingerprint !== fingerprint) return { kind: 'other-request' };
    return found.answer === null
      ? { kind: 'under-way' }
      : { kind: 'answered', answer: JSON.parse(found.answer) as RememberedAnswer };
  }

  async remember(id: string, answer: RememberedAnswer, { ttlMs }: IdempotencyTimes): Promise<void> {
    const expiresAt = this.#now().getTime() + ttlMs;
    await this.#records.updateOne({ _id: id }, { $set: { answer: JSON.stringify(answer), expiresAt } });
  }

  async forget(id: string): Promise<void> {
    await this.#records.deleteOne({ _id: id });
  }

  /** Removes what has expired, now and then. */
  async #sweep(now: number): Promise<void> {
    if (now - this.#sweptAt < SWEEP_INTERVAL_MS) return;
    this.#sweptAt = now;
    await this.#records.deleteMany({ expiresAt: { $lt: now } });
  }
}

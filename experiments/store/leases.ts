import type { Collection } from 'mongodb';
import { isDuplicateKey } from './store-error.ts';

interface LeaseRecord {
  readonly _id: string;
  readonly owner: string;
  /** Milliseconds since the epoch, by the clock of whoever holds it. */
  readonly expiresAt: number;
}

export interface LeaseClaim {
  /** What is to be done by one process at a time: `automation`. */
  readonly name: string;
  /** Unique per process. */
  readonly owner: string;
  /** How long the claim holds unless it is renewed; well above how far the machines' clocks may differ. */
  readonly ttlMs: number;
}

/**
 * Elects one owner per name. A lease says who should act, not that nobody else is acting still: an owner that
 * was suspended past its time may come back. What is done under one must therefore be a change on condition of
 * the revision it was decided on, as every change of the configuration is.
 */
export class Leases {
  readonly #records: Collection<LeaseRecord>;
  readonly #now: () => Date;

  constructor(records: Collection<LeaseRecord>, now: () => Date) {
    this.#records = records;
    this.#now = now;
  }

  /** Takes or renews the lease; false while another owner has it. */
  async hold({ name, owner, ttlMs }: LeaseClaim): Promise<boolean> {
    const now = this.#now().getTime();
    const next = { $set: { owner, expiresAt: now + ttlMs } };
    const renewed = await this.#records.updateOne({ _id: name, owner }, next);
    if (renewed.matchedCount > 0) return true;
    const taken = await this.#records.updateOne({ _id: name, expiresAt: { $lt: now } }, next);
    if (taken.matchedCount > 0) return true;
    return this.#first({ _id: name, owner, expiresAt: now + ttlMs });
  }

  /** Lets another owner have it at once; does nothing for whoever does not hold it. */
  async release({ name, owner }: Pick<LeaseClaim, 'name' | 'owner'>): Promise<void> {
    await this.#records.deleteOne({ _id: name, owner });
  }

  async #first(record: LeaseRecord): Promise<boolean> {
    try {
      await this.#records.insertOne(record);
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return false;
    }
  }
}

import type { Collection } from 'mongodb';
import { isDuplicateKey } from './store-error.ts';

interface KeyUseRecord {
  readonly _id: string;
  /** ISO 8601. */
  readonly lastUsedAt: string;
}

/** When each key was last used: beside the configuration, since a use is no change of it. */
export class KeyUses {
  readonly #records: Collection<KeyUseRecord>;

  constructor(records: Collection<KeyUseRecord>) {
    this.#records = records;
  }

  /** Moves each key's last use forward, never back. */
  async record(uses: ReadonlyMap<string, string>): Promise<void> {
    for (const [id, lastUsedAt] of uses) {
      await this.#records
        .updateOne({ _id: id, lastUsedAt: { $lt: lastUsedAt } }, { $set: { lastUsedAt } }, { upsert: true })
        .catch((error: unknown) => {
          // It is there and is not older: the upsert tried to insert it.
          if (!isDuplicateKey(error)) throw error;
        });
    }
  }

  async of(ids: readonly string[]): Promise<Map<string, string>> {
    const found = await this.#records.find({ _id: { $in: [...ids] } }).toArray();
    return new Map(found.map(({ _id, lastUsedAt }) => [_id, lastUsedAt]));
  }
}

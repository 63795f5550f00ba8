import type { Collection } from 'mongodb';
import { isDuplicateKey } from './store-error.ts';

interface SecretRecord {
  readonly _id: string;
  readonly value: string;
}

/** Sorts after every character, in the order of UTF-8 bytes that servers compare strings in. */
const LAST_CHARACTER = '\u{10FFFF}';

/** Small texts that are made once and seldom change, kept apart from the documents and out of the audit log. */
export class Secrets {
  readonly #records: Collection<SecretRecord>;

  constructor(records: Collection<SecretRecord>) {
    this.#records = records;
  }

  /** The secret of that name. Of several callers who find none, one creates it and all get that one. */
  async getOrCreate(name: string, create: () => string): Promise<string> {
    const found = await this.#records.findOne({ _id: name });
    return found?.value ?? (await this.#create(name, create()));
  }

  async withPrefix(prefix: string): Promise<Map<string, string>> {
    const found = await this.#records.find({ _id: { $gte: prefix, $lt: prefix + LAST_CHARACTER } }).toArray();
    return new Map(found.map(({ _id, value }) => [_id, value]));
  }

  async replace(name: string, value: string): Promise<void> {
    await this.#records.replaceOne({ _id: name }, { value }, { upsert: true });
  }

  async delete(name: string): Promise<void> {
    await this.#records.deleteOne({ _id: name });
  }

  async #create(name: string, value: string): Promise<string> {
    const upsert = () =>
      this.#records.findOneAndUpdate(
        { _id: name },
        { $setOnInsert: { value } },
        { upsert: true, returnDocument: 'after' },
      );
    // Of two upserts at once, one may be told that the other was first: then it finds what that one made.
    const record = await upsert().catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
      return upsert();
    });
    return record?.value ?? value;
  }
}

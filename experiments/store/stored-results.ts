import type { Collection } from 'mongodb';

/** Results of an analysis, and what they were made from. */
export interface StoredResults {
  /** Of everything that went in: the same input gives the same results. */
  readonly fingerprint: string;
  /** JSON text. */
  readonly value: string;
}

interface ResultsRecord extends StoredResults {
  readonly _id: string;
}

/** The newest results by name: a cache that every process of an installation shares. Whoever writes last wins. */
export class ResultsCache {
  readonly #records: Collection<ResultsRecord>;

  constructor(records: Collection<ResultsRecord>) {
    this.#records = records;
  }

  async find(name: string): Promise<StoredResults | null> {
    const record = await this.#records.findOne({ _id: name });
    return record && { fingerprint: record.fingerprint, value: record.value };
  }

  async put(name: string, { fingerprint, value }: StoredResults): Promise<void> {
    await this.#records.updateOne({ _id: name }, { $set: { fingerprint, value } }, { upsert: true });
  }
}

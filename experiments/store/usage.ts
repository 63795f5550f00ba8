import type { Collection } from 'mongodb';
import { isDuplicateKey } from './store-error.ts';

interface UsageRecord {
  /** `2026-11:acme`. */
  readonly _id: string;
  readonly requests: number;
}

/** How much each tenant has asked in a month: beside the configuration, since use is no change of it. */
export class Usage {
  readonly #records: Collection<UsageRecord>;

  constructor(records: Collection<UsageRecord>) {
    this.#records = records;
  }

  /** Adds to each tenant's count and answers what it then is. */
  async add(month: string, counts: ReadonlyMap<string, number>): Promise<Map<string, number>> {
    const totals = new Map<string, number>();
    for (const [tenant, count] of counts) {
      const add = () =>
        this.#records.findOneAndUpdate(
          { _id: `${month}:${tenant}` },
          { $inc: { requests: count } },
          { upsert: true, returnDocument: 'after' },
        );
      // Of two upserts at once, one may be told that the other was first: then there is something to add to.
      const record = await add().catch((error: unknown) => {
        if (!isDuplicateKey(error)) throw error;
        return add();
      });
      totals.set(tenant, record?.requests ?? count);
    }
    return totals;
  }
}

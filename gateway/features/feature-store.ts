import { type Collection, MongoBulkWriteError, MongoClient } from 'mongodb';
import { databaseName } from '../../experiments/store/mongo-client.ts';
import { DUPLICATE_KEY } from '../../experiments/store/store-error.ts';
import type { FeatureValue } from './feature-set.ts';

/** Names one thing within the features of its tenant, or of all. */
export interface FeatureKey {
  readonly entity: string;
  /** Null: shared by all tenants. */
  readonly tenant: string | null;
  readonly key: string;
}

/** The features of one thing, as of one moment. */
export interface FeatureRow extends FeatureKey {
  /** When they were true, milliseconds since the epoch. */
  readonly at: number;
  readonly values: Readonly<Record<string, FeatureValue>>;
}

interface StoredRow {
  readonly _id: string;
  readonly at: number;
  /** JSON text: columns may have names that not every server takes. */
  readonly values: string;
}

/** Unambiguous: entity and tenant have no slash. */
export function featureId({ entity, tenant, key }: FeatureKey): string {
  return `${entity}/${tenant ?? ''}/${key}`;
}

/** Features on MongoDB, in a collection of their own. No connection is made before it is asked. */
export class FeatureStore {
  readonly #client: MongoClient;
  readonly #rows: Collection<StoredRow>;

  constructor({ uri, timeoutMs }: { readonly uri: string; readonly timeoutMs: number }) {
    this.#client = new MongoClient(uri, {
      appName: 'switchyard-features',
      serverSelectionTimeoutMS: timeoutMs,
      connectTimeoutMS: timeoutMs,
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: timeoutMs,
    });
    this.#rows = this.#client.db(databaseName(this.#client)).collection('features');
  }

  /** Those that are there, by id. Rejects with the driver's error when the database is away. */
  async read(ids: readonly string[]): Promise<ReadonlyMap<string, Pick<FeatureRow, 'at' | 'values'>>> {
    const rows = await this.#rows.find({ _id: { $in: [...ids] } }).toArray();
    return new Map(rows.map(({ _id, at, values }) => [_id, { at, values: JSON.parse(values) }]));
  }

  /**
   * Writes each row, unless what is stored is newer: a batch that is sent again, or late, does no harm. Resolves with
   * the places of the rows that were not written for that reason.
   */
  async write(rows: readonly FeatureRow[]): Promise<readonly number[]> {
    const operations = rows.map((row) => {
      const _id = featureId(row);
      const replacement = { at: row.at, values: JSON.stringify(row.values) };
      return { replaceOne: { filter: { _id, at: { $lte: row.at } }, replacement, upsert: true } };
    });
    try {
      await this.#rows.bulkWrite(operations, { ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const failures = [error.writeErrors].flat();
      // A newer row is not matched, and then the upsert finds its id taken.
      if (failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
      return failures.map(({ index }) => index);
    }
  }

  /** Removes a thing's features; one that has none counts as removed. */
  async remove(key: FeatureKey): Promise<void> {
    await this.#rows.deleteOne({ _id: featureId(key) });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

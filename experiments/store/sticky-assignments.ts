import { type Collection, MongoBulkWriteError } from 'mongodb';
import type { KeptAssignment } from '../sticky.ts';
import { DUPLICATE_KEY } from './store-error.ts';

/** Under which tenant, draw and unit an assignment is kept; the unit by its pseudonym. */
export interface StickyAddress {
  readonly tenant: string;
  /** See Sticky. */
  readonly draw: string;
  /** The kind of id: `user`, `session`, … */
  readonly unitName: string;
  readonly pseudonym: string;
}

/** Unambiguous: no part but the last may hold a slash. */
export function stickyId({ tenant, draw, unitName, pseudonym }: StickyAddress): string {
  return `${tenant}/${draw}/${unitName}/${pseudonym}`;
}

interface StickyRecord extends KeptAssignment {
  readonly _id: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The character after the slash: what comes before it begins with the tenant's key and a slash. */
const AFTER_SLASH = '0';

/** First assignments of units. The first one that is written stays: none is ever changed. */
export class StickyAssignments {
  readonly #records: Collection<StickyRecord>;
  readonly #now: () => Date;

  constructor(records: Collection<StickyRecord>, now: () => Date) {
    this.#records = records;
    this.#now = now;
  }

  /** Those that are there, by id. */
  async find(ids: readonly string[]): Promise<Map<string, KeptAssignment>> {
    const now = this.#now().getTime();
    const found = await this.#records.find({ _id: { $in: [...ids] } }).toArray();
    return new Map(
      found
        .filter(({ expiresAt }) => expiresAt > now)
        .map(({ _id, variant, revision, propensityBp }) => [_id, { variant, revision, propensityBp }]),
    );
  }

  /** Keeps each where nothing is kept yet; answers the ids of those that came too late. */
  async keep(assignments: ReadonlyMap<string, KeptAssignment>, ttlMs: number): Promise<readonly string[]> {
    const expiresAt = this.#now().getTime() + ttlMs;
    const records = [...assignments].map(([_id, kept]) => ({ _id, ...kept, expiresAt }));
    try {
      await this.#records.insertMany(records, { ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const failures = [error.writeErrors].flat();
      if (failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
      return failures.flatMap(({ index }) => records[index]?._id ?? []);
    }
  }

  /** Forgets everything that is kept of a tenant's units. */
  async forget(tenant: string): Promise<void> {
    await this.#records.deleteMany({ _id: { $gte: `${tenant}/`, $lt: `${tenant}${AFTER_SLASH}` } });
  }

  /** Removes what is kept no longer. */
  async removeExpired(): Promise<void> {
    // Unique, as ids are: the embedded server has indexes of no other kind.
    await this.#records.createIndex({ expiresAt: 1, _id: 1 }, { unique: true });
    await this.#records.deleteMany({ expiresAt: { $lte: this.#now().getTime() } });
  }
}

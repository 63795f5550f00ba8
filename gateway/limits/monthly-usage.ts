import type { Logger } from 'pino';

/** What may be counted twice over a quota is what all processes count in this time. */
const FLUSH_INTERVAL_MS = 2_000;

/** Where counts of all processes come together. */
export interface UsageStore {
  /** Adds to the counts of a month (`2026-11`), and answers what each then is. */
  addUsage(month: string, counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>>;
}

/**
 * Counts each tenant's requests of the month. A request costs no write: counts are added to the database's every two
 * seconds, and what the other processes have counted comes back with the answer. While the database is away a quota
 * is held against what was known last.
 */
export class MonthlyUsage {
  readonly #store: UsageStore;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #now: () => Date;
  readonly #timer: NodeJS.Timeout;
  #month: string;
  #counted = new Map<string, number>();
  /** Of months that are over and not written down yet. */
  readonly #ended: MonthCounts[] = [];
  readonly #known = new Map<string, number>();
  #flushing: Promise<void> = Promise.resolve();

  constructor({ store, logger, now = () => new Date() }: MonthlyUsageOptions) {
    this.#store = store;
    this.#logger = logger;
    this.#now = now;
    this.#month = monthOf(now());
    this.#timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Counts one request; false, and not counted, once the quota is used up. */
  count(tenant: string, quota: number): boolean {
    this.#turnMonth();
    const mine = this.#countOf(tenant);
    if ((this.#known.get(tenant) ?? 0) + mine >= quota) return false;
    this.#counted.set(tenant, mine + 1);
    return true;
  }

  /** Seconds until every count begins anew. */
  get resetSeconds(): number {
    const now = this.#now();
    const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
    return Math.ceil((next - now.getTime()) / 1_000);
  }

  /** Brings the counts of all processes together. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #turnMonth(): void {
    const month = monthOf(this.#now());
    if (month === this.#month) return;
    this.#ended.push({ month: this.#month, counts: this.#counted });
    this.#month = month;
    this.#counted = new Map();
    this.#known.clear();
  }

  async #flush(): Promise<void> {
    this.#turnMonth();
    for (let ended = this.#ended.shift(); ended !== undefined; ended = this.#ended.shift()) {
      if (await this.#write(ended)) continue;
      this.#ended.unshift(ended);
      return;
    }
    // A tenant that asked once is asked about for the rest of the month: others may be using up its quota.
    const known = [...this.#known.keys()].map((tenant) => [tenant, 0] as const);
    const taken = { month: this.#month, counts: this.#counted };
    this.#counted = new Map();
    if (await this.#write({ month: taken.month, counts: new Map([...known, ...taken.counts]) })) return;
    if (taken.month !== this.#month) this.#ended.push(taken);
    else for (const [tenant, count] of taken.counts) this.#counted.set(tenant, this.#countOf(tenant) + count);
  }

  #countOf(tenant: string): number {
    return this.#counted.get(tenant) ?? 0;
  }

  async #write({ month, counts }: MonthCounts): Promise<boolean> {
    if (counts.size === 0) return true;
    try {
      const totals = await this.#store.addUsage(month, counts);
      if (month === this.#month) for (const [tenant, total] of totals) this.#known.set(tenant, total);
      return true;
    } catch (error) {
      this.#logger.warn({ err: error }, 'the usage of the month could not be written: tried again later');
      return false;
    }
  }
}

interface MonthCounts {
  readonly month: string;
  readonly counts: ReadonlyMap<string, number>;
}

export interface MonthlyUsageOptions {
  readonly store: UsageStore;
  readonly logger: Pick<Logger, 'warn'>;
  readonly now?: () => Date;
}

const monthOf = (date: Date) => date.toISOString().slice(0, 7);

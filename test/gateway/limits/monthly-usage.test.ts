import { describe, expect, it, onTestFinished } from 'vitest';
import { MonthlyUsage, type UsageStore } from '../../../gateway/limits/monthly-usage.ts';

/** A double of the database: one count per month and tenant, which may be away. */
class Counts implements UsageStore {
  readonly totals = new Map<string, number>();
  away = false;

  async addUsage(month: string, counts: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    if (this.away) throw new Error('away');
    return new Map(
      [...counts].map(([tenant, count]) => {
        const total = (this.totals.get(`${month}:${tenant}`) ?? 0) + count;
        this.totals.set(`${month}:${tenant}`, total);
        return [tenant, total];
      }),
    );
  }
}

function usageOf(store: Counts, now = () => new Date('2026-11-24T12:00:00Z')) {
  const usage = new MonthlyUsage({ store, now, logger: { warn: () => undefined } });
  onTestFinished(() => usage.stop());
  return usage;
}

const countTimes = (usage: MonthlyUsage, times: number, quota: number) =>
  Array.from({ length: times }, () => usage.count('acme', quota)).filter(Boolean).length;

describe('the usage of a month', () => {
  it('is held against the quota, and what is refused is not counted', async () => {
    const store = new Counts();
    const usage = usageOf(store);
    expect(countTimes(usage, 15, 10)).toBe(10);
    await usage.flush();
    expect(store.totals.get('2026-11:acme')).toBe(10);
    expect(countTimes(usage, 5, 10)).toBe(0);
  });

  it('is shared by all processes, within what they count between two writes', async () => {
    const store = new Counts();
    const [one, other] = [usageOf(store), usageOf(store)];
    expect(countTimes(one, 6, 10)).toBe(6);
    expect(countTimes(other, 1, 10)).toBe(1);
    await one.flush();
    await other.flush();
    expect(countTimes(other, 9, 10)).toBe(3);
  });

  it('outlives a database that is away', async () => {
    const store = new Counts();
    const usage = usageOf(store);
    countTimes(usage, 4, 10);
    store.away = true;
    await usage.flush();
    countTimes(usage, 2, 10);
    store.away = false;
    await usage.flush();
    expect(store.totals.get('2026-11:acme')).toBe(6);
  });

  it('begins anew with the month, and says when that is', async () => {
    const store = new Counts();
    let now = new Date('2026-11-30T23:59:50Z');
    const usage = usageOf(store, () => now);
    expect(countTimes(usage, 15, 10)).toBe(10);
    expect(usage.resetSeconds).toBe(10);
    now = new Date('2026-12-01T00:00:01Z');
    expect(countTimes(usage, 3, 10)).toBe(3);
    await usage.flush();
    expect(Object.fromEntries(store.totals)).toEqual({ '2026-11:acme': 10, '2026-12:acme': 3 });
  });
});

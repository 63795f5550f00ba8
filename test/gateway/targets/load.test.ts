import { describe, expect, it } from 'vitest';
import { HedgeBudget } from '../../../gateway/data-plane/hedge-budget.ts';
import { ConcurrencyLimit } from '../../../gateway/targets/concurrency-limit.ts';
import { LatencyWindow } from '../../../gateway/targets/latency-window.ts';
import { RetryBudget } from '../../../gateway/targets/retry-budget.ts';

/** Keeps as many under way as the limit allows, each answered after so many ms. */
function loaded(limit: ConcurrencyLimit, latencyMs: number, rounds: number): number {
  for (let round = 0; round < rounds; round++) {
    let taken = 0;
    while (limit.take()) taken += 1;
    for (let index = 0; index < taken; index++) limit.release({ latencyMs });
  }
  return limit.limit;
}

describe('the concurrency limit of a target', () => {
  it('grows while latencies stay what they are, up to a bound', () => {
    const limit = new ConcurrencyLimit();
    expect(loaded(limit, 10, 20)).toBeGreaterThan(100);
    expect(loaded(limit, 10, 200)).toBe(1_024);
  });

  it('shrinks when the target becomes slower than it usually is, and never shuts it', () => {
    const limit = new ConcurrencyLimit();
    loaded(limit, 10, 3);
    const before = limit.limit;
    for (let index = 0; index < 20; index++) {
      while (limit.take());
      limit.release({ latencyMs: 100 });
    }
    expect(limit.limit).toBeLessThan(before / 2);
    for (let index = 0; index < 1_000; index++) {
      limit.take();
      limit.release('overloaded');
    }
    expect(limit.limit).toBe(8);
  });

  it('learns nothing from a limit that is not used, nor from clients that leave', () => {
    const limit = new ConcurrencyLimit();
    for (let index = 0; index < 100; index++) {
      limit.take();
      limit.release(index % 2 === 0 ? null : { latencyMs: 1_000 * index });
    }
    expect(limit).toMatchObject({ limit: 64, inFlight: 0 });
  });

  it('gives no more places than it has', () => {
    const limit = new ConcurrencyLimit();
    expect(Array.from({ length: 100 }, () => limit.take()).filter(Boolean)).toHaveLength(64);
    limit.release(null);
    expect([limit.take(), limit.take()]).toEqual([true, false]);
  });
});

describe('the latency window of a target', () => {
  it('has no 95th percentile before twenty answers, then that of the latest two hundred', () => {
    const latencies = new LatencyWindow();
    for (let ms = 1; ms < 20; ms++) latencies.add(ms);
    expect(latencies.p95Ms).toBeNull();
    latencies.add(20);
    expect(latencies.p95Ms).toBe(19);
    for (let index = 0; index < 200; index++) latencies.add(500 + index);
    expect(latencies.p95Ms).toBe(689);
  });
});

describe('the budgets of extra attempts', () => {
  it('allow a fifth of the first attempts, and a few where there were none', () => {
    const budget = new RetryBudget();
    const spend = () => {
      let spent = 0;
      while (budget.withdraw()) spent += 1;
      return spent;
    };
    expect(spend()).toBe(10);
    for (let index = 0; index < 100; index++) budget.deposit();
    expect(spend()).toBeGreaterThanOrEqual(19);
    expect(spend()).toBe(0);
  });

  it('keep hedges below their share', () => {
    const budget = new HedgeBudget(500);
    let hedges = 0;
    for (let request = 0; request < 10_000; request++) {
      budget.deposit();
      if (budget.withdraw()) hedges += 1;
    }
    expect(hedges).toBeLessThanOrEqual(501);
    expect(hedges).toBeGreaterThan(490);
  });
});

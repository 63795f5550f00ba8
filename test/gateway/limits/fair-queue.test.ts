import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../../gateway/limits/fair-queue.ts';

/** Puts requests in the queue and answers the order in which they get their places. */
function served(queue: FairQueue, tenants: readonly string[]): string[] {
  const order: string[] = [];
  for (const tenant of tenants) {
    const waiting = queue.wait(tenant);
    void waiting?.place.then(() => order.push(tenant));
  }
  return order;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a fair queue', () => {
  it('lets a tenant with one request wait for one place, not for a neighbour’s thousand', async () => {
    const queue = new FairQueue(1);
    expect(queue.take()).toBe(true);
    expect(queue.take()).toBe(false);
    const order = served(queue, [...Array.from({ length: 50 }, () => 'loud'), 'quiet', 'quiet']);
    for (let place = 0; place < 5; place++) {
      queue.release();
      await turn();
    }
    expect(order).toEqual(['loud', 'quiet', 'loud', 'quiet', 'loud']);
  });

  it('gives the place of whoever leaves to the next, and knows who came too late to leave', async () => {
    const queue = new FairQueue(1);
    queue.take();
    const [gone, staying] = [queue.wait('a'), queue.wait('a')];
    expect(gone?.leave()).toBe(true);
    queue.release();
    await staying?.place;
    expect(staying?.leave()).toBe(false);
    expect(queue).toMatchObject({ taken: 1, waiting: 0 });
    queue.release();
    expect(queue.taken).toBe(0);
  });

  it('lets no more than a thousand of one tenant wait, and others all the same', () => {
    const queue = new FairQueue(1);
    queue.take();
    for (let index = 0; index < 1_000; index++) expect(queue.wait('loud')).not.toBeNull();
    expect(queue.wait('loud')).toBeNull();
    expect(queue.wait('quiet')).not.toBeNull();
  });
});

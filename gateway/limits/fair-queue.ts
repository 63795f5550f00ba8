/** At most so many of one tenant's requests wait; the next one is refused. */
const MAX_WAITING_PER_TENANT = 1_000;

/**
 * A bounded number of places, and whoever finds none waits. Places go round the tenants that wait, one each, so
 * that a tenant with a thousand requests in the queue delays another's first request by one place and not by a
 * thousand (start-time fair queueing with equal weights and unit cost).
 */
export class FairQueue {
  readonly #places: number;
  readonly #waiting = new Map<string, (() => void)[]>();
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  get waiting(): number {
    let total = 0;
    for (const queue of this.#waiting.values()) total += queue.length;
    return total;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes a place at once; false when the caller must `wait`. */
  take(): boolean {
    if (this.#taken >= this.#places) return false;
    this.#taken += 1;
    return true;
  }

  /**
   * Waits for a place. Null when too many of this tenant wait already. `leave` takes the request out of the queue;
   * false when it has its place already.
   */
  wait(tenant: string): { readonly place: Promise<void>; readonly leave: () => boolean } | null {
    const queue = this.#waiting.get(tenant) ?? [];
    if (queue.length >= MAX_WAITING_PER_TENANT) return null;
    this.#waiting.set(tenant, queue);
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.push(resolve);
    return { place: promise, leave: () => this.#remove(tenant, resolve) };
  }

  /** Gives a place back: to the next tenant that waits. */
  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    const [tenant, queue] = next;
    const admit = queue.shift();
    // To the end of the round; a map keeps the order in which keys were added.
    this.#waiting.delete(tenant);
    if (queue.length > 0) this.#waiting.set(tenant, queue);
    admit?.();
  }

  #remove(tenant: string, resolve: () => void): boolean {
    const queue = this.#waiting.get(tenant);
    const index = queue?.indexOf(resolve) ?? -1;
    if (queue === undefined || index === -1) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.#waiting.delete(tenant);
    return true;
  }
}

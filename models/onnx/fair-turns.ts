import type { ModelQueue } from './model-queue.ts';

/** A model that competes for threads. */
export interface Contender {
  readonly queue: ModelQueue;
  /** Its share of the threads' time, relative to the others'. */
  readonly weight: number;
}

/**
 * Whose turn it is: of the models that have something waiting, the one that has had the least time for its
 * weight. A model that was idle starts level with those that were not, so nobody can save time up.
 * Source: Demers, Keshav, Shenker, "Analysis and Simulation of a Fair Queueing Algorithm" (1989).
 */
export class FairTurns<M extends Contender> {
  readonly #spentMs = new Map<M, number>();
  readonly #active = new Set<M>();
  #level = 0;

  /** To be called whenever something was added to the model's queue. */
  activate(model: M): void {
    if (this.#active.has(model)) return;
    this.#active.add(model);
    this.#spentMs.set(model, Math.max(this.#spentMs.get(model) ?? 0, this.#level));
  }

  next(): M | undefined {
    let first: M | undefined;
    for (const model of this.#active) {
      if (model.queue.length === 0) this.#active.delete(model);
      else if (first === undefined || this.#spent(model) < this.#spent(first)) first = model;
    }
    if (first !== undefined) this.#level = this.#spent(first);
    return first;
  }

  charge(model: M, ms: number): void {
    if (this.#spentMs.has(model)) this.#spentMs.set(model, this.#spent(model) + ms / model.weight);
  }

  forget(model: M): void {
    this.#active.delete(model);
    this.#spentMs.delete(model);
  }

  #spent(model: M): number {
    return this.#spentMs.get(model) ?? 0;
  }
}

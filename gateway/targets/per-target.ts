/** Something that is kept of each target, made when it is first asked for. */
export class PerTarget<T> {
  readonly #make: () => T;
  readonly #kept = new Map<string, T>();

  constructor(make: () => T) {
    this.#make = make;
  }

  of(target: string): T {
    let kept = this.#kept.get(target);
    if (kept === undefined) {
      kept = this.#make();
      this.#kept.set(target, kept);
    }
    return kept;
  }

  entries(): IterableIterator<[string, T]> {
    return this.#kept.entries();
  }

  /** Forgets targets that are no longer configured. */
  keepOnly(targets: ReadonlyMap<string, unknown>): void {
    for (const key of this.#kept.keys()) if (!targets.has(key)) this.#kept.delete(key);
  }
}

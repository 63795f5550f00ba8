import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { CompiledExperiment, EvaluationContext } from '../../experiments/assignment.ts';
import { type KeptAssignment, type KeptUnit, type Recalled, recalled } from '../../experiments/sticky.ts';
import type { ConfigurationStore } from '../../experiments/store/configuration-store.ts';
import type { RequestContext } from '../http/request-context.ts';
import { KeyedReader, type Lookup } from '../lookups/keyed-reader.ts';
import { idOf, idsOf } from './sticky-ids.ts';

/** The longest that a request waits to be told; past it the plain draw decides. */
const TIMEOUT_MS = 100;
/** What is kept never changes, so memory is as good as the database. */
const CACHE_MS = 3_600_000;
/** As long as a change of the configuration takes to be everywhere. */
const MISSING_CACHE_MS = 1_000;
const MAX_CACHED = 50_000;
/** Beyond it a database that is too slow loses what is not written yet. */
const MAX_WAITING = 10_000;
const MAX_WRITTEN_AT_ONCE = 1_000;

type StickyStore = Pick<ConfigurationStore, 'stickyAssignments' | 'keepAssignments'>;

export interface StickyOptions {
  readonly store: StickyStore;
  /** From the first use of an assignment on. */
  readonly keptMs: number;
  readonly registry: Registry;
  readonly logger: Logger;
}

/**
 * The sticky assignments of requests. No request fails, or waits for long, for them: while the database is away the
 * plain draw decides, which is what was kept unless weights have changed since.
 */
export class Sticky {
  readonly #options: StickyOptions;
  readonly #reader: KeyedReader<KeptAssignment>;
  readonly #lookups: Counter<'outcome'>;
  readonly #writes: Counter<'outcome'>;
  #waiting = new Map<string, KeptAssignment>();
  #writing: Promise<void> | null = null;

  constructor(options: StickyOptions) {
    this.#options = options;
    this.#reader = new KeyedReader((ids) => options.store.stickyAssignments(ids), MAX_CACHED);
    const registers = [options.registry];
    this.#lookups = new Counter({
      name: 'switchyard_sticky_lookups_total',
      help: 'Sticky assignments that were looked up: kept, missing, or unavailable, where the plain draw decided',
      labelNames: ['outcome'],
      registers,
    });
    this.#writes = new Counter({
      name: 'switchyard_sticky_writes_total',
      help: 'Sticky assignments to be kept: kept, late (another one was first), or lost',
      labelNames: ['outcome'],
      registers,
    });
  }

  /**
   * Adds what is kept of a context's units to what the request knows; nothing to wait for where none of the
   * experiments keeps any.
   */
  learn(
    context: RequestContext,
    experiments: readonly CompiledExperiment[],
    attributes: EvaluationContext,
  ): Promise<void> | undefined {
    return experiments.length === 0 ? undefined : this.#learn(context, experiments, attributes);
  }

  async #learn(
    context: RequestContext,
    experiments: readonly CompiledExperiment[],
    attributes: EvaluationContext,
  ): Promise<void> {
    const asked = experiments.map((compiled) => ({ compiled, ids: idsOf(context, compiled, attributes) }));
    const found = await this.#look(asked.flatMap(({ ids }) => ids));
    const kept = new Map<string, Recalled>();
    for (const { compiled, ids } of asked) {
      const known = recalled(
        compiled.experiment,
        ids.map((id) => found.get(id) ?? null),
      );
      if (known !== null) kept.set(compiled.experiment.key, known);
    }
    context.knowledge = { ...context.knowledge, kept };
  }

  /** Keeps an assignment that was used, soon, unless one is kept there already. */
  keep(
    context: RequestContext,
    { draw, unit }: { readonly draw: string; readonly unit: KeptUnit },
    kept: KeptAssignment,
  ): void {
    const id = idOf(context, draw, unit);
    if (this.#reader.knows(id)) return;
    this.#reader.learn(id, kept, CACHE_MS);
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(id, kept);
    else this.#lose([id]);
    this.#writing ??= this.#write();
  }

  /** Writes what is still to be kept. */
  async stop(): Promise<void> {
    await this.#writing;
  }

  async #look(ids: readonly string[]): Promise<ReadonlyMap<string, KeptAssignment>> {
    const lookups = await this.#reader.look(ids, {
      cacheMs: CACHE_MS,
      missingMs: MISSING_CACHE_MS,
      timeoutMs: TIMEOUT_MS,
    });
    const found = new Map<string, KeptAssignment>();
    for (const [index, lookup] of lookups.entries()) {
      this.#lookups.inc({ outcome: outcomeOf(lookup) });
      if (typeof lookup === 'object') found.set(ids[index] ?? '', lookup);
    }
    return found;
  }

  async #write(): Promise<void> {
    // What comes in the same turn is written together.
    await new Promise(setImmediate);
    while (this.#waiting.size > 0) {
      const batch = new Map([...this.#waiting].slice(0, MAX_WRITTEN_AT_ONCE));
      for (const id of batch.keys()) this.#waiting.delete(id);
      await this.#writeBatch(batch);
    }
    this.#writing = null;
  }

  async #writeBatch(batch: ReadonlyMap<string, KeptAssignment>): Promise<void> {
    const { store, keptMs, logger } = this.#options;
    try {
      const late = await store.keepAssignments(batch, keptMs);
      this.#writes.inc({ outcome: 'kept' }, batch.size - late.length);
      if (late.length > 0) this.#writes.inc({ outcome: 'late' }, late.length);
      // The one that was first is what the next request is to find.
      for (const id of late) this.#reader.forget(id);
    } catch (error) {
      logger.warn({ err: error }, 'sticky assignments could not be kept: the next use of each tries again');
      this.#lose([...batch.keys(), ...this.#waiting.keys()]);
      this.#waiting.clear();
    }
  }

  #lose(ids: readonly string[]): void {
    this.#writes.inc({ outcome: 'lost' }, ids.length);
    for (const id of ids) this.#reader.forget(id);
  }
}

function outcomeOf(lookup: Lookup<KeptAssignment>): string {
  return typeof lookup === 'object' ? 'kept' : lookup;
}

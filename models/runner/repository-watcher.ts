import { setTimeout as sleep } from 'node:timers/promises';
import { ArtifactError } from '../artifacts/artifact-error.ts';
import type { ObjectStore } from '../artifacts/object-store.ts';
import type { ModelHost, ModelState } from '../onnx/model-host.ts';
import { parseRepository, type RepositoryEntry } from './repository.ts';

export interface RepositoryEvents {
  /** The file could not be read or is invalid; what was served is served on. */
  readonly onRepositoryError: (error: Error) => void;
  readonly onRepositoryRead: (entries: number) => void;
  readonly onReady: (entry: RepositoryEntry) => void;
  readonly onFailed: (entry: RepositoryEntry, error: Error) => void;
  readonly onWithdrawn: (entry: RepositoryEntry) => void;
}

export interface RepositoryWatcherOptions {
  readonly store: ObjectStore;
  readonly host: ModelHost;
  readonly pollMs: number;
  readonly events: RepositoryEvents;
}

/** One version as the repository orders it and the host has it; without a state while it was unloaded by hand. */
export interface ListedVersion {
  readonly model: string;
  readonly version: string;
  readonly state: ModelState | undefined;
}

const FILE = 'repository.json';
const MAX_FILE_BYTES = 4 * 1_024 * 1_024;

/**
 * Keeps a host at what `repository.json` lists: it looks for a new tag now and then, reads the file only when
 * there is one, and adds and withdraws versions.
 */
export class RepositoryWatcher {
  readonly #options: RepositoryWatcherOptions;
  readonly #stopping = new AbortController();
  readonly #loads = new Set<Promise<void>>();
  readonly #unloaded = new Set<string>();
  #entries: readonly RepositoryEntry[] = [];
  #tag: string | null = null;
  #polling: Promise<void> = Promise.resolve();
  #settled = false;

  constructor(options: RepositoryWatcherOptions) {
    this.#options = options;
  }

  /** True once the repository was read and each version first listed is ready or has failed. */
  get isSettled(): boolean {
    return this.#settled;
  }

  start(): void {
    this.#polling = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
  }

  /** The listed versions of a model, from oldest to newest. */
  versionsOf(model: string): readonly ListedVersion[] {
    return this.#entries.filter((entry) => entry.model === model).map((entry) => this.#listed(entry));
  }

  /** Every listed version, in the repository's order. */
  versions(): readonly ListedVersion[] {
    return this.#entries.map((entry) => this.#listed(entry));
  }

  #listed({ model, version }: RepositoryEntry): ListedVersion {
    return { model, version, state: this.#options.host.state(model, version) };
  }

  /** Takes every version of a model out of service until `load`, whatever the repository lists meanwhile. */
  async unload(model: string): Promise<void> {
    this.#unloaded.add(model);
    const versions = this.#entries.filter((entry) => entry.model === model);
    await Promise.all(versions.map(({ version }) => this.#options.host.withdraw(model, version)));
  }

  /** Serves the listed versions of a model again, or tries those that failed once more; resolves when all have settled. */
  async load(model: string): Promise<void> {
    this.#unloaded.delete(model);
    for (const entry of this.#entries) if (entry.model === model) this.#serve(entry);
    await Promise.all(this.#loads);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      if (this.#tag !== null && !this.#settled) void this.#noteSettled();
      await sleep(this.#options.pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #noteSettled(): Promise<void> {
    await Promise.all(this.#loads);
    this.#settled = true;
  }

  async #look(): Promise<void> {
    const { store, events } = this.#options;
    const { signal } = this.#stopping;
    try {
      const { tag, sizeBytes } = await store.info(FILE, { signal });
      if (tag === this.#tag) return this.#retryFetches();
      if (sizeBytes > MAX_FILE_BYTES)
        throw new Error(`${FILE} has ${sizeBytes} bytes; at most ${MAX_FILE_BYTES} are read`);
      const entries = parseRepository(await this.#read());
      this.#tag = tag;
      events.onRepositoryRead(entries.length);
      this.#reconcile(entries);
    } catch (error) {
      if (!signal.aborted)
        events.onRepositoryError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #read(): Promise<string> {
    const stream = await this.#options.store.read(FILE, { signal: this.#stopping.signal });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  #reconcile(entries: readonly RepositoryEntry[]): void {
    const { host, events } = this.#options;
    const listed = new Set(entries.map(({ model, version }) => `${model}/${version}`));
    const gone = this.#entries.filter(({ model, version }) => !listed.has(`${model}/${version}`));
    this.#entries = entries;
    for (const entry of gone) {
      this.#track(host.withdraw(entry.model, entry.version).then(() => events.onWithdrawn(entry)));
    }
    for (const entry of entries) this.#serve(entry);
  }

  /** A store that was away may be back; a file that is no model stays none until the repository changes. */
  #retryFetches(): void {
    for (const entry of this.#entries) {
      const state = this.#options.host.state(entry.model, entry.version);
      if (state?.status === 'failed' && state.error instanceof ArtifactError) this.#serve(entry);
    }
  }

  #serve(entry: RepositoryEntry): void {
    const { host, store, events } = this.#options;
    const { artifact, ...served } = entry;
    const { model, version, sha256 } = entry;
    if (this.#unloaded.has(model)) return;
    const known = host.state(model, version);
    if (known?.status === 'loading' || (known?.status === 'ready' && known.digest === sha256)) return;
    this.#track(
      host.serve({ ...served, artifacts: [`${store.uri}/${artifact}`] }).then(
        () => events.onReady(entry),
        (error: Error) => events.onFailed(entry, error),
      ),
    );
  }

  #track(work: Promise<void>): void {
    this.#loads.add(work);
    void work.finally(() => this.#loads.delete(work));
  }
}

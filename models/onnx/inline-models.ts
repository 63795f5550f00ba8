import type { Tensor } from '../codecs/tensor.ts';
import { expectedMs } from './expected-ms.ts';
import type { LoadedModel } from './loaded-model.ts';
import type { OrtSession } from './ort-tensor.ts';
import type { RunRequest } from './run-requests.ts';

interface Inline {
  readonly session: OrtSession;
  readonly runSession: (
    session: OrtSession,
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ) => Promise<readonly Tensor[]>;
  /** Runs in a row that took far longer than was measured. */
  strikes: number;
}

/** Going to a thread and back costs about 0.15 ms: a run below this is over sooner where the request is. */
const INLINE_UP_TO_MS = 0.1;
/** Opening a session stops the event loop; a file of this size is read and built in a few milliseconds. */
const MAX_FILE_BYTES = 1_048_576;
const STRIKE_AFTER_MS = 2;
const MAX_STRIKES = 3;

/**
 * Models so small that the way to a worker thread costs more than they do: they run on the caller's own thread.
 * Only operators whose time their input's size bounds, only requests that by the measured time are short, and
 * only until a few runs in a row have taken far longer all the same.
 */
export class InlineModels {
  readonly #sessions = new Map<string, Inline>();

  /** Opens a session for the model, if it is one to be run here. */
  async open({ key, path, profile, warmUp }: LoadedModel): Promise<void> {
    const { bounded, runMs, sizeBytes } = profile;
    if (!bounded || runMs > INLINE_UP_TO_MS || sizeBytes > MAX_FILE_BYTES) return;
    // The runtime takes tens of megabytes: only a process that runs models has them.
    const { openSession, runSession } = await import('./ort-tensor.ts');
    const session = await openSession(path);
    await runSession(session, warmUp, session.outputNames);
    this.#sessions.set(key, { session, runSession, strikes: 0 });
  }

  /** Whether a request is run here: by what was measured it is a short one. */
  suits({ key, profile }: LoadedModel, inputs: readonly Tensor[]): boolean {
    if (!this.#sessions.has(key)) return false;
    return expectedMs(profile, inputs) <= INLINE_UP_TO_MS;
  }

  /** Throws ModelError. Only for what `suits`. */
  async run({ key }: LoadedModel, { inputs, outputs }: RunRequest): Promise<readonly Tensor[]> {
    const inline = this.#sessions.get(key);
    if (inline === undefined) throw new Error(`${key} has no session on this thread`);
    // The runtime starts in an immediate of its own, right behind this one: between the two nothing else runs.
    let startedAt = 0;
    setImmediate(() => {
      startedAt = performance.now();
    });
    try {
      return await inline.runSession(inline.session, inputs, outputs);
    } finally {
      this.#watch(key, inline, performance.now() - startedAt);
    }
  }

  async close(key: string): Promise<void> {
    const inline = this.#sessions.get(key);
    this.#sessions.delete(key);
    await inline?.session.release();
  }

  #watch(key: string, inline: Inline, tookMs: number): void {
    inline.strikes = tookMs > STRIKE_AFTER_MS ? inline.strikes + 1 : 0;
    if (inline.strikes >= MAX_STRIKES) this.#sessions.delete(key);
  }
}

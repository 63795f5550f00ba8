import type { Tensor } from '../codecs/tensor.ts';

export interface PoolInferRequest {
  readonly model: string;
  readonly version: string;
  readonly inputs: readonly Tensor[];
  /** All of the signature's, unless given. */
  readonly outputs?: readonly string[] | undefined;
  /** Aborted by a TimeoutError: `deadline`; by anything else: `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Of those who wait for the same model the smallest goes first; who gives none goes last. */
  readonly priority?: number | undefined;
  /** Longest that it may wait for its turn, ms; the model's own limit holds as well. */
  readonly queueTimeoutMs?: number | undefined;
  /** Nobody depends on it: it runs by itself, and only while nobody else waits for a thread. */
  readonly background?: boolean | undefined;
  /** Told once of the run that the request was part of; never of one that it left before its turn. */
  readonly onRun?: ((run: OwnRun) => void) | undefined;
}

/** A run as one of its requests sees it. Times by `performance.now()`. */
export interface OwnRun {
  readonly queuedAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** How many ran together. */
  readonly requests: number;
  /** On the caller's own thread: nobody waited. */
  readonly inline: boolean;
}

/** One run that has come to its end, of one request or of several. */
export interface EndedRun {
  readonly model: string;
  readonly version: string;
  readonly requests: number;
  /** How long each of them had waited, ms. */
  readonly waitedMs: readonly number[];
  readonly tookMs: number;
}

/** Durations of one kind, summed up: Triton's `DurationStat`. */
interface Durations {
  count: number;
  ns: number;
}

interface Counted {
  readonly name: string;
  readonly version: string;
  lastInferenceMs: number;
  readonly success: Durations;
  readonly fail: Durations;
}

/** One inference that has come to an end. */
export interface EndedInference {
  readonly name: string;
  readonly version: string;
  readonly succeeded: boolean;
  readonly elapsedMs: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

const NS_PER_MS = 1e6;

/**
 * Inferences since this process started, by model and version, in the words of Triton's "Statistics Extension".
 * Names must come from the configuration, never from a request: each takes memory for good.
 */
export class InferenceStatistics {
  readonly #counted = new Map<string, Counted>();

  record({ name, version, succeeded, elapsedMs, atMs }: EndedInference): void {
    const counted = this.#of(name, version);
    const durations = succeeded ? counted.success : counted.fail;
    durations.count += 1;
    durations.ns += Math.round(elapsedMs * NS_PER_MS);
    if (succeeded) counted.lastInferenceMs = atMs;
  }

  /** The protocol's answer for these versions, those without an inference included. */
  answer(versions: readonly { readonly name: string; readonly version: string }[]) {
    return { model_stats: versions.map(({ name, version }) => statistics(this.#of(name, version))) };
  }

  #of(name: string, version: string): Counted {
    const key = `${name}/${version}`;
    const known = this.#counted.get(key);
    if (known !== undefined) return known;
    const none = {
      name,
      version,
      lastInferenceMs: 0,
      success: { count: 0, ns: 0 },
      fail: { count: 0, ns: 0 },
    };
    this.#counted.set(key, none);
    return none;
  }
}

function statistics({ name, version, lastInferenceMs, success, fail }: Counted) {
  return {
    name,
    version,
    last_inference: lastInferenceMs,
    inference_count: success.count,
    inference_stats: { success: { ...success }, fail: { ...fail } },
  };
}

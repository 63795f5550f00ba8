/** One tensor of the Open Inference Protocol v2, row by row. */
export interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
}

/** What the experiment is told of whoever asks: ids of units (`user`, `session`, …) and anything audiences look at. */
export type Context = Readonly<Record<string, unknown>>;

export interface InferOptions {
  /** Id of whatever the experiment randomises. */
  readonly unit?: string;
  readonly context?: Context;
  /** Deadline of the gateway's answer, milliseconds; the endpoint's own still caps it. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Who answered an inference. A blinded endpoint tells none of it but the request id. */
export interface Served {
  /** Names the request in the gateway's records: give it with outcomes that follow. */
  readonly requestId: string;
  readonly experiment: string | null;
  readonly variant: string | null;
  readonly target: string | null;
  readonly model: string | null;
  /** Whether another target than the assigned one answered. */
  readonly fallback: boolean;
}

export interface InferResult {
  readonly outputs: readonly Tensor[];
  readonly served: Served;
}

/** A flag for one context. */
export interface Evaluation<Value = unknown> {
  readonly key: string;
  /** The caller's default where the flag has none to give. */
  readonly value: Value;
  /** Null outside of the experiment. */
  readonly variant: string | null;
  /** `SPLIT`, `TARGETING_MATCH`, `DEFAULT`, `DISABLED` or `ERROR`. */
  readonly reason: string;
  /** Why the default was given, where that is an error: `FLAG_NOT_FOUND`, `TARGETING_KEY_MISSING`, … */
  readonly errorCode: string | null;
}

/** What a unit did. */
export interface Outcome {
  /** Chosen by you: the same id counts once, however often it is sent. */
  readonly id: string;
  readonly event: string;
  /** What is randomised: `user`, `session`, `tenant`, … */
  readonly unit: string;
  readonly unitId?: string;
  /** ISO 8601; now unless given. */
  readonly at?: string;
  readonly value?: number;
  /** Of the answer that it follows. */
  readonly requestId?: string;
}

/** A use of a flag from a bulk evaluation. */
export interface Exposure {
  /** Chosen by you: the same id counts once. */
  readonly id: string;
  readonly experiment: string;
  readonly variant: string;
  readonly unitId?: string;
  /** ISO 8601; now unless given. */
  readonly at?: string;
  /** Of the answer that assigned it. */
  readonly requestId?: string;
  /** What it was assigned by; only what the endpoint lists as dimensions is recorded. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** What was taken of a report, and what is wrong with the rest. */
export interface Report {
  readonly accepted: number;
  readonly rejected: readonly {
    /** Position in what was given. */
    readonly index: number;
    readonly id: string | null;
    readonly code: string;
    readonly message: string;
  }[];
}

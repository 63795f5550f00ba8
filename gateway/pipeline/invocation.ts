/** Why a target was called: what the plan named first, again, in its stead, beside it, or only to compare. */
export type InvocationCall = 'primary' | 'retry' | 'fallback' | 'hedge' | 'shadow';

/** How a shadow's answer compares with the one that the client got; each part is null where it says nothing. */
export interface ShadowDifference {
  /** Largest relative difference between two numbers in the same place: 0 is equal. */
  readonly distance: number | null;
  /** Share of the first items of the ranking that both have, 0–1. */
  readonly overlap: number | null;
  /** What kind of difference there is. */
  readonly difference: 'none' | 'within-tolerance' | 'values' | 'shape' | 'not-comparable' | null;
  /** Excerpt of both answers, of the few calls that are sampled: at most 2,000 characters. */
  readonly sample: string | null;
}

/** One call of one target: every attempt for a request, and every shadow's beside it. Holds no unit. */
export interface Invocation extends ShadowDifference {
  /** UUID v7; duplicates fall to it. */
  readonly id: string;
  /** Milliseconds since the epoch, when the target was called. */
  readonly at: number;
  readonly tenant: string;
  readonly endpoint: string;
  /** The `x-request-id` of the answer: exposures and outcomes of the same request carry it too. */
  readonly requestId: string;
  /** Null outside an experiment. */
  readonly experiment: string | null;
  /** The assigned variant; for a shadow, the shadowing one. */
  readonly variant: string | null;
  readonly target: string;
  readonly model: string | null;
  readonly version: string | null;
  readonly cloud: string;
  readonly region: string;
  readonly call: InvocationCall;
  /** `answered`, `rejected` (the request's fault), `failed` (the target's), or `abandoned` (nobody waited for it). */
  readonly outcome: 'answered' | 'rejected' | 'failed' | 'abandoned';
  /** HTTP status that the target gave; null when it gave none. */
  readonly status: number | null;
  /** Kind of failure, as AttemptFailure names it; null on success. */
  readonly error: string | null;
  readonly latencyMs: number;
  /** By the target's declared price, 0 where it was never reached; null where none is declared. */
  readonly cost: number | null;
}

/**
 * One use of an assignment: written by the gateway before the response leaves. As-assigned (`variant`,
 * `assignedTarget`) is kept apart from as-served (`servedTarget`, `model`, `version`, `cloud`).
 */
export interface Exposure {
  /** UUID v7; the identity under which duplicates fall. */
  readonly id: string;
  /** Milliseconds since the epoch, when the assignment was used. */
  readonly at: number;
  readonly tenant: string;
  readonly endpoint: string;
  readonly experiment: string;
  /** Revision of the experiment that assigned. */
  readonly revision: number;
  readonly variant: string;
  /** Pseudonym of the unit: HMAC-SHA-256 under the tenant's key, base64url. Never the unit id itself. */
  readonly unit: string;
  /** Probability, in basis points, with which this variant was drawn among the enrolled. */
  readonly propensityBp: number;
  readonly requestId: string;
  readonly assignedTarget: string;
  /** Null when every attempt failed. */
  readonly servedTarget: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly cloud: string | null;
  readonly region: string | null;
  /** True when another target than the assigned one answered. */
  readonly fallback: boolean;
  readonly attempts: number;
  /** HTTP status of the answer that the client got; null where the client reports the exposure itself. */
  readonly status: number | null;
  /** Code of the problem that the client got; null on success. */
  readonly error: string | null;
  /** From the request's arrival to the answer being ready to leave (headers, for a stream); null when reported. */
  readonly latencyMs: number | null;
  /** What the attempts made for the answer cost, by their targets' declared prices; null where none declares one. */
  readonly cost: number | null;
  /** True when the client reported it, false when the gateway saw it. */
  readonly reported: boolean;
  /** The context attributes that the endpoint lists as dimensions, as text; no others are ever recorded. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What a unit did afterwards, as the tenant reports it. */
export interface Outcome {
  /** Chosen by the tenant; idempotent per tenant. */
  readonly id: string;
  readonly tenant: string;
  /** Milliseconds since the epoch, when it happened. */
  readonly at: number;
  /** Milliseconds since the epoch, when the gateway took it in. */
  readonly receivedAt: number;
  readonly event: string;
  /** Name of the kind of unit: `user`, `tenant`, … */
  readonly unitType: string;
  /** Pseudonym of the unit, as in the exposure. */
  readonly unit: string;
  readonly value: number | null;
  /** The `x-request-id` of the answer this outcome follows, where the tenant knows it. */
  readonly requestId: string | null;
}

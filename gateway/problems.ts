import type { Issue } from '../experiments/issue.ts';

type Fault = 'client' | 'gateway' | 'target';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly fault: Fault;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean;
}

const kind = (status: number, title: string, fault: Fault, retryable = false): ProblemKind => ({
  status,
  title,
  fault,
  retryable,
});

/** The one table of everything that can go wrong in an answer: code → status, fault, retryable. */
export const PROBLEMS = {
  'invalid-request': kind(400, 'The request is not valid', 'client'),
  'invalid-context': kind(400, 'The context is not valid', 'client'),
  unauthenticated: kind(401, 'A valid API key is required', 'client'),
  forbidden: kind(403, 'Your role or key does not allow it', 'client'),
  'override-refused': kind(403, 'The override token is not valid', 'client'),
  'not-found': kind(404, 'There is no such thing here', 'client'),
  'method-not-allowed': kind(405, 'The method is not allowed here', 'client'),
  'already-exists': kind(409, 'The key is taken', 'client'),
  'wrong-state': kind(409, 'The state does not allow it', 'client'),
  'wrong-target-kind': kind(409, 'The endpoint is served by another kind of target', 'client'),
  'idempotency-under-way': kind(409, 'The first request is under way', 'client', true),
  'secret-not-repeated': kind(409, 'A secret is given once', 'client'),
  'revision-mismatch': kind(412, 'It has changed since you read it', 'client'),
  'length-required': kind(411, 'The length of the body must be said', 'client'),
  'body-too-large': kind(413, 'The body is too large', 'client'),
  'unsupported-media-type': kind(415, 'The media type is not supported', 'client'),
  'invalid-configuration': kind(422, 'The configuration is not valid', 'client'),
  'idempotency-key-reused': kind(422, 'The idempotency key belongs to another request', 'client'),
  'if-match-required': kind(428, 'Say which revision you mean to change', 'client'),
  'request-rejected': kind(400, 'The target refused the request', 'client'),
  'too-many-attempts': kind(429, 'Too many failed attempts to authenticate', 'client', true),
  'rate-limited': kind(429, 'Too many requests', 'client', true),
  'quota-exhausted': kind(429, 'The quota is used up', 'client'),
  'internal-error': kind(500, 'The gateway failed', 'gateway'),
  'target-failed': kind(502, 'No target could answer', 'target', true),
  overloaded: kind(503, 'As much is under way as can be', 'target', true),
  'not-ready': kind(503, 'The gateway is not ready', 'gateway', true),
  'store-unavailable': kind(503, 'The configuration database is away', 'gateway', true),
  'lake-unavailable': kind(503, 'The lake is away', 'gateway', true),
  'identity-provider-unavailable': kind(503, 'The identity provider is away', 'gateway', true),
  'analysis-busy': kind(503, 'Another analysis is under way', 'gateway', true),
  'write-contention': kind(503, 'Too many changes at once', 'gateway', true),
  'no-room': kind(503, 'There is no room to record it', 'gateway', true),
  'deadline-exceeded': kind(504, 'No answer before the deadline', 'target', true),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** An answer other than success, on its way to the client as problem details (RFC 9457). */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly issues: readonly Issue[];
  /** When to come back, for `retry-after`. */
  readonly retryAfterSeconds: number | null;
  /** Further members of the body, where another protocol's clients look for them. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      readonly issues?: readonly Issue[];
      readonly cause?: unknown;
      readonly retryAfterSeconds?: number;
      readonly members?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.issues = options.issues ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.members = options.members ?? {};
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/**
 * The body of `application/problem+json`. `error` repeats the detail, which is where clients of the Open
 * Inference Protocol look.
 */
export function problemBody(problem: Problem, requestId: string): Record<string, unknown> {
  const { status, title, retryable } = PROBLEMS[problem.code];
  return {
    type: `urn:switchyard:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    retryable,
    instance: `urn:uuid:${requestId}`,
    ...(problem.issues.length > 0 ? { issues: problem.issues } : {}),
    error: problem.message,
    ...problem.members,
  };
}

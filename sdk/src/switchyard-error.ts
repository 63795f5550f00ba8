/** The gateway refused or failed; for a connection that broke, `cause` says why. */
export class SwitchyardError extends Error {
  override readonly name = 'SwitchyardError';
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Stable: `unauthenticated`, `not-found`, `target-failed`, …; `unreachable` where there was no answer. */
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  readonly requestId: string | null;
  /** Milliseconds that the gateway asks to wait. */
  readonly retryAfterMs: number | null;
  /** The problem details as they came. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    fields: Pick<SwitchyardError, 'status' | 'code' | 'retryable' | 'requestId' | 'retryAfterMs' | 'details'>,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = fields.status;
    this.code = fields.code;
    this.retryable = fields.retryable;
    this.requestId = fields.requestId;
    this.retryAfterMs = fields.retryAfterMs;
    this.details = fields.details;
  }
}

/** The problem details (RFC 9457) of an answer, as an error. */
export async function errorOf(response: Response): Promise<SwitchyardError> {
  const text = await response.text();
  const details = parsed(text);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const { detail, code, retryable } = details;
  return new SwitchyardError(typeof detail === 'string' ? detail : `HTTP ${response.status}`, {
    status: response.status,
    code: typeof code === 'string' ? code : `http-${response.status}`,
    retryable: retryable === true || response.status === 429,
    requestId: response.headers.get('x-request-id'),
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : null,
    details,
  });
}

/** There was no answer. Safe to repeat only what is idempotent. */
export function unreachable(cause: unknown): SwitchyardError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SwitchyardError(
    `the gateway cannot be reached: ${reason}`,
    { status: 0, code: 'unreachable', retryable: true, requestId: null, retryAfterMs: null, details: {} },
    { cause },
  );
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A proxy on the way may answer with a page of its own.
    return {};
  }
}

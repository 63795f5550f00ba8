/** One thing that is wrong with what was sent: `path` is a JSON pointer into it. */
export interface ProblemIssue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** An answer other than success (RFC 9457), or no answer at all (`status` 0). */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: readonly ProblemIssue[];

  constructor(parts: { status: number; code: string; detail: string; issues?: readonly ProblemIssue[] }) {
    super(parts.detail);
    this.name = 'ProblemError';
    this.status = parts.status;
    this.code = parts.code;
    this.issues = parts.issues ?? [];
  }
}

/** Whatever was thrown, as something to show. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const offline = error instanceof TypeError;
  return new ProblemError({
    status: 0,
    code: offline ? 'unreachable' : 'console-error',
    detail: offline
      ? 'The gateway does not answer. Check your connection; this page tries again by itself.'
      : error instanceof Error
        ? error.message
        : String(error),
  });
}

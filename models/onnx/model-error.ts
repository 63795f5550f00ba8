/**
 * Why a model could not be admitted (`not-a-model`, `external-data`, `unsupported-type`, `runaway`, `immutable`,
 * `untrusted`, `signature-mismatch`, `too-large`, `failed`), or could not answer (`unknown-model`, `bad-input`, `overloaded`, `deadline`, `cancelled`,
 * `worker-died`, `runaway`, `failed`).
 */
export type ModelErrorCode =
  | 'not-a-model'
  | 'external-data'
  | 'unsupported-type'
  | 'immutable'
  | 'untrusted'
  | 'signature-mismatch'
  | 'too-large'
  | 'runaway'
  | 'failed'
  | 'unknown-model'
  | 'bad-input'
  | 'overloaded'
  | 'deadline'
  | 'cancelled'
  | 'worker-died';

/** What admission and inference throw; never holds text from a request's data. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}

/** A ModelError as it travels between threads and processes, which do not carry classes. */
export interface ModelFailure {
  readonly code: ModelErrorCode;
  readonly message: string;
}

export function failureOf(error: unknown): ModelFailure {
  if (error instanceof ModelError) return { code: error.code, message: error.message };
  return { code: 'failed', message: error instanceof Error ? error.message : String(error) };
}

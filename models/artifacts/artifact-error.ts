/** In order of gravity: of several places that failed, the gravest names the whole failure. */
const ARTIFACT_ERROR_CODES = ['digest-mismatch', 'oversized', 'truncated', 'unavailable', 'missing'] as const;
export type ArtifactErrorCode = (typeof ARTIFACT_ERROR_CODES)[number];

/** Why an artifact could not be had whole and unaltered; the message names the URI, the expected and the found. */
export class ArtifactError extends Error {
  readonly code: ArtifactErrorCode;

  constructor(code: ArtifactErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ArtifactError';
    this.code = code;
  }
}

/** One error for several places that failed; one failure stays itself. */
export function gravestOf(errors: readonly ArtifactError[]): ArtifactError {
  const [only] = errors;
  if (only !== undefined && errors.length === 1) return only;
  const code = ARTIFACT_ERROR_CODES.find((candidate) => errors.some((error) => error.code === candidate));
  const message = errors.map((error) => error.message).join('; ');
  return new ArtifactError(code ?? 'missing', message, { cause: new AggregateError(errors) });
}

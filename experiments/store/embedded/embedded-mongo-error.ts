export type EmbeddedMongoErrorCode = 'directory-in-use' | 'directory-unusable' | 'server-failed';

/** Why the embedded server did not start; the message names the directory and says what to do. */
export class EmbeddedMongoError extends Error {
  readonly code: EmbeddedMongoErrorCode;

  constructor(code: EmbeddedMongoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedMongoError';
    this.code = code;
  }
}

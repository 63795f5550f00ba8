/**
 * The errors that this server answers with, by the names and numbers of MongoDB:
 * https://github.com/mongodb/mongo/blob/v7.0/src/mongo/base/error_codes.yml
 */
export const ERROR_CODES = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  AuthenticationFailed: 18,
  IllegalOperation: 20,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  UnsatisfiableWriteConcern: 100,
  UnsupportedOpQueryCommand: 352,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
} as const;

/** A command that the server refuses; `details` are further fields of the answer, such as `keyPattern`. */
export class CommandError extends Error {
  readonly codeName: keyof typeof ERROR_CODES;
  readonly code: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    codeName: keyof typeof ERROR_CODES,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'CommandError';
    this.codeName = codeName;
    this.code = ERROR_CODES[codeName];
    this.details = details;
  }
}

import {
  MongoAPIError,
  MongoError,
  MongoNetworkError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';

export type StoreUnavailableCode =
  /** No answer within the time there is, the connection broke, or the store was closed. */
  | 'unreachable'
  /** The server is there and refuses: credentials, permissions, disk. */
  | 'refused'
  /** The connection string cannot be read. */
  | 'invalid-uri';

/**
 * The configuration store cannot do what was asked, and that is not the caller's doing. The message says what to
 * check and holds no connection string; `cause` is the driver's error.
 */
export class StoreUnavailableError extends Error {
  readonly code: StoreUnavailableCode;

  constructor(code: StoreUnavailableCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailableError';
    this.code = code;
  }
}

/** Runs operations on the server; whatever the driver throws comes out as StoreUnavailableError. */
export async function asStoreErrors<T>(what: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw storeError(what, cause);
  }
}

/** The code of the one server error that is a result. */
export const DUPLICATE_KEY = 11_000;

/** Whether the server said that a document with that unique key is there. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether the server may or may not have done what it was asked: its answer never came. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
}

/** The connection string is not shown: it may hold a password. */
export function invalidUri(cause: unknown): StoreUnavailableError {
  const reason = cause instanceof MongoParseError || cause instanceof MongoAPIError ? cause.message : '';
  return new StoreUnavailableError(
    'invalid-uri',
    `MONGODB_URI is not a connection string that can be used${reason && `: ${reason}`}`,
    { cause },
  );
}

function storeError(what: string, cause: unknown): unknown {
  if (!(cause instanceof MongoError)) {
    return cause;
  }
  const refused = cause instanceof MongoServerError;
  return new StoreUnavailableError(
    refused ? 'refused' : 'unreachable',
    `cannot ${what}: MongoDB ${refused ? 'refuses' : 'does not answer; check that it runs and can be reached'}: ${cause.message}`,
    { cause },
  );
}

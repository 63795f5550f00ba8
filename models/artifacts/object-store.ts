import type { Readable } from 'node:stream';

/** What is known of an object without reading it. */
export interface ObjectInfo {
  /** Name relative to the store's root, with `/` between parts. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Changes whenever the content does: ETag on S3, generation on GCS, size and time on a file system. */
  readonly tag: string;
}

/**
 * A bucket (or a prefix of one, or a directory) as this product needs it. Every implementation throws
 * ObjectStoreError and nothing else, and passes the contract suite in test/models/artifacts/.
 */
export interface ObjectStore {
  /** `file:///…`, `s3://bucket/prefix` or `gs://bucket/prefix`, without a trailing slash. */
  readonly uri: string;
  /** Streams an object from `fromByte` on. Throws `not-found`, `forbidden` or `unavailable`. */
  read(
    name: string,
    options?: { readonly fromByte?: number; readonly signal?: AbortSignal },
  ): Promise<Readable>;
  info(name: string, options?: { readonly signal?: AbortSignal }): Promise<ObjectInfo>;
  /** Writes the whole object or nothing. With `ifAbsent`, throws `exists` when it is there already. */
  write(name: string, content: Uint8Array, options?: { readonly ifAbsent?: boolean }): Promise<void>;
  /** Every object whose name begins with the prefix, in name order. */
  list(prefix: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<ObjectInfo>;
  /** Removes an object; one that is not there counts as removed. */
  remove(name: string): Promise<void>;
}

export type ObjectStoreErrorCode =
  | 'not-found'
  | 'forbidden'
  | 'exists'
  | 'unavailable'
  | 'invalid-uri'
  | 'invalid-name';

export class ObjectStoreError extends Error {
  readonly code: ObjectStoreErrorCode;

  constructor(code: ObjectStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ObjectStoreError';
    this.code = code;
  }
}

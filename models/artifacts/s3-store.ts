import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { assertObjectName } from './object-name.ts';
import { type ObjectInfo, type ObjectStore, ObjectStoreError } from './object-store.ts';
import { translateErrors } from './translate-errors.ts';

/** Times the store tries a conditional write that S3 refused only because another one was under way (409). */
const CONFLICT_TRIES = 4;

const CODES: Readonly<Record<number, ObjectStoreError['code']>> = {
  401: 'forbidden',
  403: 'forbidden',
  404: 'not-found',
  412: 'exists',
};

/**
 * A bucket, or a prefix of one, on Amazon S3 or a server that speaks its protocol. Credentials, region and
 * endpoint come from the SDK's default chain (`AWS_*`); with `AWS_ENDPOINT_URL_S3` buckets stay in the path.
 */
export class S3Store implements ObjectStore {
  readonly uri: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  /** `prefix`: empty, or ending in `/`. */
  constructor(place: { bucket: string; prefix: string; timeoutMs: number }) {
    this.#bucket = place.bucket;
    this.#prefix = place.prefix;
    this.uri = `s3://${place.bucket}/${place.prefix}`.replace(/\/$/, '');
    const endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
    this.#client = new S3Client({
      forcePathStyle: endpoint !== undefined,
      followRegionRedirects: endpoint === undefined,
      // The checksums that the SDK adds by default come as aws-chunked streams, which other servers refuse.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: place.timeoutMs,
        requestTimeout: place.timeoutMs,
        throwOnRequestTimeout: true,
      },
    });
  }

  async read(name: string, options: { fromByte?: number; signal?: AbortSignal } = {}): Promise<Readable> {
    const { fromByte = 0, signal } = options;
    const range = fromByte > 0 ? { Range: `bytes=${fromByte}-` } : {};
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ ...this.#at(name), ...range }), {
        ...(signal && { abortSignal: signal }),
      });
      if (!(Body instanceof Readable)) throw new Error('the answer has no body to stream');
      return translateErrors(Body, (error) => this.#error(name, error));
    } catch (error) {
      // A range that begins at the end is empty, not wrong.
      if (statusOf(error) === 416) return Readable.from([]);
      throw this.#error(name, error);
    }
  }

  async info(name: string, options: { signal?: AbortSignal } = {}): Promise<ObjectInfo> {
    try {
      const head = await this.#client.send(new HeadObjectCommand(this.#at(name)), {
        ...(options.signal && { abortSignal: options.signal }),
      });
      return { name, sizeBytes: head.ContentLength ?? 0, tag: head.ETag ?? '' };
    } catch (error) {
      throw this.#error(name, error);
    }
  }

  async write(name: string, content: Uint8Array, options: { ifAbsent?: boolean } = {}): Promise<void> {
    const condition = options.ifAbsent ? { IfNoneMatch: '*' } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#client.send(new PutObjectCommand({ ...this.#at(name), ...condition, Body: content }));
        return;
      } catch (error) {
        if (statusOf(error) !== 409 || attempt === CONFLICT_TRIES) throw this.#error(name, error);
      }
    }
  }

  async *list(prefix: string, options: { signal?: AbortSignal } = {}): AsyncIterable<ObjectInfo> {
    let token: string | undefined;
    try {
      do {
        const page = await this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          { ...(options.signal && { abortSignal: options.signal }) },
        );
        for (const { Key, Size, ETag } of page.Contents ?? []) {
          if (Key === undefined) continue;
          yield { name: Key.slice(this.#prefix.length), sizeBytes: Size ?? 0, tag: ETag ?? '' };
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    } catch (error) {
      throw this.#error(prefix, error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand(this.#at(name)));
    } catch (error) {
      const failure = this.#error(name, error);
      // A missing bucket is an error; a missing object is what the caller wanted.
      if (failure.code !== 'not-found' || nameOf(error) === 'NoSuchBucket') throw failure;
    }
  }

  #at(name: string): { Bucket: string; Key: string } {
    assertObjectName(name);
    return { Bucket: this.#bucket, Key: this.#prefix + name };
  }

  #error(name: string, error: unknown): ObjectStoreError {
    if (error instanceof ObjectStoreError) return error;
    const code = CODES[statusOf(error) ?? 0] ?? 'unavailable';
    const reason = `${nameOf(error)}${error instanceof Error ? `: ${error.message}` : ''}`;
    return new ObjectStoreError(code, `${this.uri}/${name}: ${code} (${reason})`, { cause: error });
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

import { once } from 'node:events';
import { Readable } from 'node:stream';
import { type File, IdempotencyStrategy, Storage } from '@google-cloud/storage';
import { assertObjectName } from './object-name.ts';
import { type ObjectInfo, type ObjectStore, ObjectStoreError } from './object-store.ts';
import { translateErrors } from './translate-errors.ts';
import { untilAborted } from './until-aborted.ts';

const PAGE_SIZE = 1_000;
const RETRIES = 2;

const CODES: Readonly<Record<number, ObjectStoreError['code']>> = {
  401: 'forbidden',
  403: 'forbidden',
  404: 'not-found',
  412: 'exists',
};

/**
 * A bucket, or a prefix of one, on Google Cloud Storage by its JSON API. Credentials come from the library's
 * default chain; `GCS_API_ENDPOINT` names another server, which gets none.
 */
export class GcsStore implements ObjectStore {
  readonly uri: string;
  readonly #storage: Storage;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #timeoutMs: number;

  /** `prefix`: empty, or ending in `/`. */
  constructor(place: { bucket: string; prefix: string; timeoutMs: number }) {
    this.#bucket = place.bucket;
    this.#prefix = place.prefix;
    this.#timeoutMs = place.timeoutMs;
    this.uri = `gs://${place.bucket}/${place.prefix}`.replace(/\/$/, '');
    const apiEndpoint = process.env['GCS_API_ENDPOINT'];
    this.#storage = new Storage({
      ...(apiEndpoint !== undefined && { apiEndpoint }),
      timeout: place.timeoutMs,
      // Every write here is of a whole object under a name that its content decides: repeating one is safe.
      // A total time for retries is left alone: once it is up, the library neither answers nor fails.
      retryOptions: {
        idempotencyStrategy: IdempotencyStrategy.RetryAlways,
        maxRetries: RETRIES,
        maxRetryDelay: 1,
      },
    });
  }

  async read(name: string, options: { fromByte?: number; signal?: AbortSignal } = {}): Promise<Readable> {
    const { fromByte = 0, signal } = options;
    try {
      signal?.throwIfAborted();
      // As stored: a gzip-encoded object unpacked on the way would be other bytes than its digest says.
      const source = this.#file(name).createReadStream({
        decompress: false,
        validation: false,
        ...(fromByte > 0 && { start: fromByte }),
      });
      await this.#begun(source, signal);
      return translateErrors(source, (error) => this.#error(name, error));
    } catch (error) {
      // A range that begins at the end is empty, not wrong.
      if (statusOf(error) === 416) return Readable.from([]);
      throw this.#error(name, error);
    }
  }

  async info(name: string, options: { signal?: AbortSignal } = {}): Promise<ObjectInfo> {
    try {
      const [metadata] = await untilAborted(this.#file(name).getMetadata(), options.signal);
      return { name, sizeBytes: Number(metadata.size), tag: String(metadata.generation) };
    } catch (error) {
      throw this.#error(name, error);
    }
  }

  async write(name: string, content: Uint8Array, options: { ifAbsent?: boolean } = {}): Promise<void> {
    const preconditionOpts = options.ifAbsent ? { ifGenerationMatch: 0 } : {};
    try {
      await this.#file(name).save(Buffer.from(content.buffer, content.byteOffset, content.byteLength), {
        resumable: false,
        preconditionOpts,
      });
    } catch (error) {
      throw this.#error(name, error);
    }
  }

  async *list(prefix: string, options: { signal?: AbortSignal } = {}): AsyncIterable<ObjectInfo> {
    let pageToken: string | undefined;
    try {
      do {
        options.signal?.throwIfAborted();
        const [files, next] = await this.#storage.bucket(this.#bucket).getFiles({
          prefix: this.#prefix + prefix,
          autoPaginate: false,
          maxResults: PAGE_SIZE,
          ...(pageToken !== undefined && { pageToken }),
        });
        for (const { name, metadata } of files) {
          const relative = name.slice(this.#prefix.length);
          yield { name: relative, sizeBytes: Number(metadata.size), tag: String(metadata.generation) };
        }
        pageToken = (next as { pageToken?: string } | null)?.pageToken;
      } while (pageToken !== undefined);
    } catch (error) {
      throw this.#error(prefix, error);
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#file(name).delete({ ignoreNotFound: true });
    } catch (error) {
      throw this.#error(name, error);
    }
  }

  /**
   * Resolves once the bytes are coming; the library tells of a refusal first as an answer, then as an error. Whoever
   * leaves before the answer leaves the stream whole: the library would pipe the answer into it all the same, and
   * throw where nobody can catch it.
   */
  async #begun(source: Readable, signal: AbortSignal | undefined): Promise<void> {
    const patience = AbortSignal.timeout((RETRIES + 1) * (this.#timeoutMs + 1_000));
    const leaving = AbortSignal.any(signal === undefined ? [patience] : [patience, signal]);
    const answered = once(source, 'response', { signal: leaving });
    source.resume().pause();
    const [response] = await answered.catch((error: unknown) => {
      if (!leaving.aborted) throw error;
      throwAway(source);
      throw leaving.reason;
    });
    if (response.statusCode >= 400) {
      const [error] = await once(source, 'error');
      throw error;
    }
    const leave = () => source.destroy(leaving.reason);
    if (leaving.aborted) leave();
    leaving.addEventListener('abort', leave, { once: true });
  }

  #file(name: string): File {
    assertObjectName(name);
    return this.#storage.bucket(this.#bucket).file(this.#prefix + name);
  }

  #error(name: string, error: unknown): ObjectStoreError {
    if (error instanceof ObjectStoreError) return error;
    const code = CODES[statusOf(error) ?? 0] ?? 'unavailable';
    const reason = error instanceof Error ? error.message : String(error);
    return new ObjectStoreError(code, `${this.uri}/${name}: ${code} (${reason})`, { cause: error });
  }
}

/** Ends a stream that nobody waits for any more, once its answer is there and piped into it. */
function throwAway(source: Readable): void {
  source.on('error', () => undefined);
  source.once('response', () => setImmediate(() => source.destroy()));
}

/** The HTTP status: the library keeps it in `code` on simple calls and in `status` on others. */
function statusOf(error: unknown): number | undefined {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  return [code, status].map(Number).find((value) => value >= 400);
}

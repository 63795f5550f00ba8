import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { ObjectStoreError } from './object-store.ts';

class Translated extends PassThrough {
  readonly #translate: (error: unknown) => ObjectStoreError;

  constructor(translate: (error: unknown) => ObjectStoreError) {
    super();
    this.#translate = translate;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    super._destroy(error === null ? null : this.#translate(error), callback);
  }
}

/** The same bytes, with the source's own errors told as the store's; closing either end closes both. */
export function translateErrors(source: Readable, translate: (error: unknown) => ObjectStoreError): Readable {
  const translated = new Translated(translate);
  // The consumer learns of a failure from the stream itself; the callback only makes pipeline tidy up.
  pipeline(source, translated, () => undefined);
  return translated;
}

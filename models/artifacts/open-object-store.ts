import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FileStore } from './file-store.ts';
import { GcsStore } from './gcs-store.ts';
import { type ObjectStore, ObjectStoreError } from './object-store.ts';
import { S3Store } from './s3-store.ts';

export interface ObjectStoreOptions {
  /** Longest a bucket may take to begin an answer, ms. */
  readonly timeoutMs?: number;
}
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * The store that a URI names: `file:///path`, `s3://bucket[/prefix]` or `gs://bucket[/prefix]`. Opens no
 * connection. Throws `invalid-uri`.
 */
export function openObjectStore(uri: string, options: ObjectStoreOptions = {}): ObjectStore {
  const bucket = /^(s3|gs):\/\/([^/?#]+)(?:\/(.*))?$/s.exec(uri);
  if (bucket !== null) {
    const [, scheme, name = '', path = ''] = bucket;
    const trimmed = path.replace(/\/+$/, '');
    const place = {
      bucket: name,
      prefix: trimmed === '' ? '' : `${trimmed}/`,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    };
    return scheme === 's3' ? new S3Store(place) : new GcsStore(place);
  }
  return new FileStore(pathOf(uri));
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    const expected = 'file:///path, s3://bucket/prefix or gs://bucket/prefix';
    throw new ObjectStoreError(
      'invalid-uri',
      `${JSON.stringify(uri.slice(0, 200))} is no object store: use ${expected}`,
      {
        cause,
      },
    );
  }
}

/** The store that holds one object, and the object's name in it, from the object's own URI. */
export function splitObjectUri(uri: string): { readonly storeUri: string; readonly name: string } {
  if (uri.startsWith('file:')) {
    const path = pathOf(uri);
    return { storeUri: pathToFileURL(dirname(path)).href, name: basename(path) };
  }
  const slash = uri.lastIndexOf('/');
  return { storeUri: uri.slice(0, slash), name: uri.slice(slash + 1) };
}

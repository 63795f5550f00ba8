import { ObjectStoreError } from './object-store.ts';

/** S3 and GCS both stop at 1,024 bytes of UTF-8. */
const MAX_NAME_BYTES = 1_024;

/**
 * Throws `invalid-name` unless the name is parts joined by `/`, none of them empty, `.` or `..`, without NUL:
 * the one gate that keeps a name inside its store, whatever the store is.
 */
export function assertObjectName(name: string): void {
  const parts = name.split('/');
  const escapes = parts.some((part) => part === '' || part === '.' || part === '..');
  if (!escapes && !name.includes('\0') && name.isWellFormed() && Buffer.byteLength(name) <= MAX_NAME_BYTES)
    return;
  throw new ObjectStoreError(
    'invalid-name',
    `${JSON.stringify(name.slice(0, 80))} cannot name an object: use parts joined by "/", none of them empty, "." or "..", at most ${MAX_NAME_BYTES} bytes`,
  );
}

/** Byte order of UTF-8, in which S3 and GCS list; JavaScript's own order differs beyond U+FFFF. */
export function compareNames(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

import { type ProcessName, STORE_USE, type StoreMethod } from '../store-use.ts';

/** What Cloud Storage wants of a caller of each method of GcsStore. */
export const GCS_PERMISSIONS: Readonly<Record<StoreMethod, readonly string[]>> = {
  read: ['storage.objects.get'],
  info: ['storage.objects.get'],
  // Replacing an object is deleting the one before: a segment that is shipped twice replaces itself.
  write: ['storage.objects.create', 'storage.objects.delete'],
  list: ['storage.objects.list'],
  remove: ['storage.objects.delete'],
};

/** What a process needs of one bucket, and nothing more. */
export function bucketPermissions(process: ProcessName, bucket: 'lake' | 'models'): readonly string[] {
  const methods: readonly StoreMethod[] = STORE_USE[process][bucket];
  return [...new Set(methods.flatMap((method) => GCS_PERMISSIONS[method]))].sort();
}
